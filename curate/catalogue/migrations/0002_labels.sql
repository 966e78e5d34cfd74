-- Several labels of one field, and their weights where a publisher gives weights; null: the label was given as it is.
ALTER TABLE labels ADD COLUMN weight DOUBLE;

-- What stewards decided of labels; append-only, the last row on a label counts, before the label map. Also kept as a text log.
CREATE TABLE label_decisions (
    source_id VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    native_label VARCHAR NOT NULL,
    node_id VARCHAR,
    how VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    who VARCHAR NOT NULL,
    decided TIMESTAMP NOT NULL
);

-- Nodes of earlier taxonomies with the node that takes their images now.
CREATE TABLE taxonomy_retired (
    node_id VARCHAR PRIMARY KEY,
    successor VARCHAR NOT NULL
);

-- Where a label lies: as a steward decided, else as the label map says.
CREATE VIEW label_places AS
WITH decided AS (
    SELECT * FROM label_decisions
    QUALIFY row_number() OVER (PARTITION BY source_id, field, native_label ORDER BY decided DESC, rowid DESC) = 1
),
placed AS (
    SELECT source_id, field, native_label, node_id, how FROM decided
    UNION ALL
    SELECT m.source_id, m.field, m.native_label, m.node_id, m.how
    FROM label_map m ANTI JOIN decided d USING (source_id, field, native_label)
)
SELECT p.source_id, p.field, p.native_label, coalesce(r.successor, p.node_id) AS node_id, p.how
FROM placed p LEFT JOIN taxonomy_retired r USING (node_id);

-- Every label of an image with the node it maps to.
CREATE OR REPLACE VIEW image_labels AS
SELECT r.image_id, l.field, l.label, l.rank, l.fallback, l.weight, m.node_id, m.how
FROM labels l
JOIN records r USING (record_id)
LEFT JOIN label_places m ON m.source_id = l.source_id AND m.field = l.field AND m.native_label = l.label
WHERE r.image_id IS NOT NULL;

-- An image's node. The heaviest labels of its first field that has a node lead; where several lead, the lowest node above them
-- all, and none when they are of several roots. The deepest node below it that a later field names refines it.
CREATE OR REPLACE VIEW image_nodes AS
WITH mapped AS (
    SELECT image_id, node_id, rank, coalesce(weight, 1) AS weight FROM image_labels WHERE node_id IS NOT NULL
),
leaders AS (
    SELECT DISTINCT image_id, node_id, rank FROM (
        SELECT * FROM mapped
        QUALIFY rank = min(rank) OVER (PARTITION BY image_id)
            AND weight = max(weight) OVER (PARTITION BY image_id, rank)
    )
),
alone AS (
    SELECT image_id, any_value(node_id) AS node_id, any_value(rank) AS rank FROM leaders GROUP BY image_id HAVING count(*) = 1
),
covered AS (
    SELECT image_id, arg_min(ancestor, reach) AS node_id, any_value(rank) AS rank
    FROM (
        SELECT l.image_id, c.ancestor, max(c.distance) AS reach, any_value(l.rank) AS rank, count(*) AS covers, any_value(n.count_of) AS count_of
        FROM leaders l
        JOIN (SELECT image_id, count(*) AS count_of FROM leaders GROUP BY image_id HAVING count(*) > 1) n USING (image_id)
        JOIN taxonomy_closure c ON c.descendant = l.node_id
        GROUP BY l.image_id, c.ancestor
    )
    WHERE covers = count_of
    GROUP BY image_id
),
led AS (
    SELECT * FROM alone UNION ALL SELECT * FROM covered
),
refined AS (
    SELECT l.image_id, m.node_id, c.distance, m.rank
    FROM led l
    JOIN mapped m ON m.image_id = l.image_id AND m.rank > l.rank
    JOIN taxonomy_closure c ON c.ancestor = l.node_id AND c.descendant = m.node_id
    UNION ALL
    SELECT image_id, node_id, 0, rank FROM led
)
SELECT image_id, arg_max(node_id, distance * 1000 - rank) AS node_id
FROM refined GROUP BY image_id;

-- Images whose own labels exclude each other: neither node is the other or lies above it. Weighted labels are a differential
-- diagnosis and fallbacks a coarser word; both may differ.
CREATE VIEW image_label_conflicts AS
WITH firm AS (
    SELECT DISTINCT image_id, field, label, rank, node_id FROM image_labels
    WHERE node_id IS NOT NULL AND weight IS NULL AND NOT fallback
)
SELECT a.image_id, a.field AS field_a, a.label AS label_a, a.node_id AS node_a, b.field AS field_b, b.label AS label_b, b.node_id AS node_b
FROM firm a
JOIN firm b ON a.image_id = b.image_id AND (a.rank, a.label) < (b.rank, b.label)
WHERE NOT EXISTS (
    SELECT 1 FROM taxonomy_closure c
    WHERE (c.ancestor = a.node_id AND c.descendant = b.node_id) OR (c.ancestor = b.node_id AND c.descendant = a.node_id)
);
