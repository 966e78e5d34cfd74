-- How large what stands out of a picture is (the quality gate's measure of distance). Views hold the columns that they were made with.
ALTER TABLE fingerprints ADD COLUMN framing DOUBLE;

CREATE OR REPLACE VIEW pictures AS
SELECT c.image_id, c.source_id, c.native_id, c.path, c.bytes, p.* EXCLUDE (version, error)
FROM image_contents c JOIN fingerprints p USING (sha256)
WHERE p.error IS NULL;
