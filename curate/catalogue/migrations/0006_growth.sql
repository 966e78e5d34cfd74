-- Where a split extends a frozen manifest: newcomers that were set aside, whose edges the manifest leaves out. The stage `split`
-- writes these three tables; those of the stage `link` stay as they are.
CREATE TABLE set_aside (
    image_id VARCHAR PRIMARY KEY
);

-- Edges between images of one key that were tied only by way of an image that was set aside.
CREATE TABLE restored_edges (
    image_a VARCHAR NOT NULL,
    image_b VARCHAR NOT NULL,
    evidence VARCHAR NOT NULL,
    score DOUBLE NOT NULL,
    probability DOUBLE,
    must_link BOOLEAN NOT NULL,
    weak BOOLEAN NOT NULL,
    basis VARCHAR NOT NULL
);

-- Components that are others without those edges.
CREATE TABLE regrown_components (
    image_id VARCHAR PRIMARY KEY,
    component VARCHAR NOT NULL,
    lesion_component VARCHAR NOT NULL
);

-- The edges and components of a manifest.
CREATE VIEW split_edges AS
SELECT * FROM edges
WHERE image_a NOT IN (SELECT image_id FROM set_aside) AND image_b NOT IN (SELECT image_id FROM set_aside)
UNION ALL BY NAME
SELECT * FROM restored_edges;

CREATE VIEW split_components AS
SELECT c.image_id, coalesce(r.component, c.component) AS component, coalesce(r.lesion_component, c.lesion_component) AS lesion_component
FROM components c LEFT JOIN regrown_components r USING (image_id);
