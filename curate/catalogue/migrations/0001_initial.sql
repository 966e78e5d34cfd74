-- One row per repository, challenge or hospital export, as its declaration says.
CREATE TABLE sources (
    source_id VARCHAR PRIMARY KEY,
    name VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    licence VARCHAR,
    attribution VARCHAR,
    citation VARCHAR,
    declaration_sha256 VARCHAR NOT NULL
);

-- One row per source: the folder that was read last.
CREATE TABLE ingests (
    source_id VARCHAR PRIMARY KEY,
    folder VARCHAR NOT NULL,
    "rows" BIGINT NOT NULL,
    rows_without_picture BIGINT NOT NULL
);

-- Every file seen, with its role: image, table, side_car, rejected, ignored. This is what the counts close over.
CREATE TABLE files (
    source_id VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    bytes BIGINT NOT NULL,
    mtime_ns BIGINT NOT NULL,
    PRIMARY KEY (source_id, path)
);

-- Why a file was rejected (a picture that cannot be used) or ignored (no part of the source's layout).
CREATE TABLE rejections (
    source_id VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    PRIMARY KEY (source_id, path)
);

CREATE TABLE images (
    image_id VARCHAR PRIMARY KEY,
    source_id VARCHAR NOT NULL,
    native_id VARCHAR NOT NULL,
    path VARCHAR NOT NULL
);

-- What the publisher says of an image. A row whose picture is absent has a null image_id and still gives its keys.
CREATE TABLE records (
    record_id VARCHAR PRIMARY KEY,
    source_id VARCHAR NOT NULL,
    image_id VARCHAR,
    origin VARCHAR NOT NULL,
    image_keys VARCHAR[] NOT NULL,
    lesion_keys VARCHAR[] NOT NULL,
    patient_keys VARCHAR[] NOT NULL,
    confirmation VARCHAR,
    official_split VARCHAR,
    modality VARCHAR,
    site VARCHAR,
    sex VARCHAR,
    skin_type VARCHAR,
    age DOUBLE,
    licence VARCHAR,
    attribution VARCHAR
);

-- The publisher's labels, verbatim. Fields are ranked by preference; a fallback counts only where no other field has a node.
CREATE TABLE labels (
    record_id VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    rank INTEGER NOT NULL,
    fallback BOOLEAN NOT NULL
);

-- Pairs that a publisher or an expert declares to belong together, by image key.
CREATE TABLE relations (
    source_id VARCHAR NOT NULL,
    key_a VARCHAR NOT NULL,
    key_b VARCHAR NOT NULL,
    basis VARCHAR NOT NULL
);

-- The content of an image file, valid while its size and time of change are those of `files`; an error is one of reading.
CREATE TABLE contents (
    source_id VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    bytes BIGINT NOT NULL,
    mtime_ns BIGINT NOT NULL,
    sha256 VARCHAR,
    error VARCHAR,
    PRIMARY KEY (source_id, path)
);

-- Everything computed from a file's bytes or pixels, once per content.
CREATE TABLE fingerprints (
    sha256 VARCHAR PRIMARY KEY,
    version VARCHAR NOT NULL,
    error VARCHAR,
    pixel_sha256 VARCHAR,
    width INTEGER,
    height INTEGER,
    hashes BLOB,
    hash_energy DOUBLE,
    sharpness DOUBLE,
    contrast DOUBLE,
    camera VARCHAR,
    serial VARCHAR,
    taken_us BIGINT,
    unique_id VARCHAR
);

-- Where the features of a content lie: row `position` of the extractor's memory-mapped file.
CREATE TABLE features (
    sha256 VARCHAR NOT NULL,
    extractor VARCHAR NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (sha256, extractor)
);

CREATE TABLE edges (
    image_a VARCHAR NOT NULL,
    image_b VARCHAR NOT NULL,
    evidence VARCHAR NOT NULL,
    score DOUBLE NOT NULL,
    probability DOUBLE,
    must_link BOOLEAN NOT NULL,
    weak BOOLEAN NOT NULL,
    basis VARCHAR NOT NULL
);

-- What people decided on pairs; append-only, also kept as a text log beside the catalogue.
CREATE TABLE verdicts (
    image_a VARCHAR NOT NULL,
    image_b VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL,
    who VARCHAR NOT NULL,
    decided TIMESTAMP NOT NULL,
    why VARCHAR NOT NULL
);

-- `component` follows all accepted edges; `lesion_component` leaves out evidence of the same patient alone.
CREATE TABLE components (
    image_id VARCHAR PRIMARY KEY,
    component VARCHAR NOT NULL,
    lesion_component VARCHAR NOT NULL
);

CREATE TABLE assignments (
    image_id VARCHAR PRIMARY KEY,
    split VARCHAR NOT NULL,
    excluded_reason VARCHAR,
    pinned VARCHAR,
    fold SMALLINT,
    quality_fail VARCHAR
);

CREATE TABLE findings (
    stage VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    component VARCHAR,
    images VARCHAR[] NOT NULL
);

-- What each stage read and wrote, so that it is skipped when nothing changed.
CREATE TABLE stages (
    stage VARCHAR NOT NULL,
    scope VARCHAR NOT NULL,
    input_digest VARCHAR NOT NULL,
    output_digest VARCHAR NOT NULL,
    settings VARCHAR NOT NULL,
    summary VARCHAR NOT NULL,
    PRIMARY KEY (stage, scope)
);

CREATE TABLE taxonomy_nodes (
    node_id VARCHAR PRIMARY KEY,
    name VARCHAR NOT NULL,
    parent_id VARCHAR,
    depth INTEGER NOT NULL,
    nine_class VARCHAR,
    three_class VARCHAR NOT NULL
);

CREATE TABLE taxonomy_closure (
    ancestor VARCHAR NOT NULL,
    descendant VARCHAR NOT NULL,
    distance INTEGER NOT NULL
);

CREATE TABLE label_map (
    source_id VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    native_label VARCHAR NOT NULL,
    node_id VARCHAR,
    how VARCHAR NOT NULL,
    PRIMARY KEY (source_id, field, native_label)
);

-- The image files with their content, where it is known and current.
CREATE VIEW image_contents AS
SELECT i.image_id, i.source_id, i.native_id, i.path, f.bytes, f.mtime_ns, c.sha256, c.error
FROM images i
JOIN files f USING (source_id, path)
LEFT JOIN contents c ON c.source_id = i.source_id AND c.path = i.path AND c.bytes = f.bytes AND c.mtime_ns = f.mtime_ns;

-- The images that could be decoded: all that later stages speak of.
CREATE VIEW pictures AS
SELECT c.image_id, c.source_id, c.native_id, c.path, c.bytes, p.* EXCLUDE (version, error)
FROM image_contents c JOIN fingerprints p USING (sha256)
WHERE p.error IS NULL;

-- Files that were rejected, by the layout or because they are no readable picture.
CREATE VIEW rejected_files AS
SELECT source_id, path, reason FROM rejections WHERE role = 'rejected'
UNION ALL
SELECT c.source_id, c.path, coalesce(c.error, p.error)
FROM image_contents c LEFT JOIN fingerprints p USING (sha256)
WHERE c.error IS NOT NULL OR p.error IS NOT NULL;

-- Every label of an image with the node it maps to.
CREATE VIEW image_labels AS
SELECT r.image_id, l.field, l.label, l.rank, l.fallback, m.node_id, m.how
FROM labels l
JOIN records r USING (record_id)
LEFT JOIN label_map m ON m.source_id = l.source_id AND m.field = l.field AND m.native_label = l.label
WHERE r.image_id IS NOT NULL;

-- An image's node: that of its first field that has one, refined by the deepest node below it that another field names.
CREATE VIEW image_nodes AS
WITH mapped AS (
    SELECT image_id, node_id, rank FROM image_labels WHERE node_id IS NOT NULL
),
first_node AS (
    SELECT image_id, arg_min(node_id, rank) AS node_id FROM mapped GROUP BY image_id
),
refined AS (
    SELECT f.image_id, m.node_id, c.distance, m.rank
    FROM first_node f
    JOIN mapped m USING (image_id)
    JOIN taxonomy_closure c ON c.ancestor = f.node_id AND c.descendant = m.node_id
)
SELECT image_id, arg_max(node_id, distance * 1000 - rank) AS node_id
FROM refined GROUP BY image_id;

-- Keys of an image: its own, and those that any record of the same picture gives, in whatever source it stands.
CREATE VIEW image_key_rows AS
SELECT DISTINCT r.image_id, k.key
FROM records r, unnest(r.image_keys) AS k(key)
WHERE r.image_id IS NOT NULL;

CREATE VIEW image_lesion_keys AS
WITH told AS (
    SELECT k.key AS image_key, l.key AS lesion_key
    FROM records r, unnest(r.image_keys) AS k(key), unnest(r.lesion_keys) AS l(key)
)
SELECT DISTINCT i.image_id, t.lesion_key
FROM image_key_rows i JOIN told t ON t.image_key = i.key
UNION
SELECT r.image_id, l.key
FROM records r, unnest(r.lesion_keys) AS l(key)
WHERE r.image_id IS NOT NULL;

CREATE VIEW image_patient_keys AS
WITH told AS (
    SELECT k.key AS image_key, p.key AS patient_key
    FROM records r, unnest(r.image_keys) AS k(key), unnest(r.patient_keys) AS p(key)
)
SELECT DISTINCT i.image_id, t.patient_key
FROM image_key_rows i JOIN told t ON t.image_key = i.key
UNION
SELECT r.image_id, p.key
FROM records r, unnest(r.patient_keys) AS p(key)
WHERE r.image_id IS NOT NULL;
