-- Which tests (`test`) and which drawn sets (`reader_set`) an image belongs to; written by the stage `split`.
CREATE TABLE drawn_sets (
    image_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    PRIMARY KEY (image_id, kind, name)
);
