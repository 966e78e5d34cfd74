-- What verification measured on two contents, float32 in the order of `curate.graph.verification.MEASURES`; sha256_a < sha256_b.
-- A pair is measured once, whatever pictures come later.
CREATE TABLE pair_measures (
    sha256_a VARCHAR NOT NULL,
    sha256_b VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    measures BLOB NOT NULL
);
