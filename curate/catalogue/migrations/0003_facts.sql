-- How near a picture was taken; days since the patient's first picture; the publisher's own words of every fact, as a JSON object.
ALTER TABLE records ADD COLUMN shot_type VARCHAR;
ALTER TABLE records ADD COLUMN acquisition_day INTEGER;
ALTER TABLE records ADD COLUMN native VARCHAR;

-- The coarsest level at which a source says what belongs together: patient, lesion or image.
ALTER TABLE sources ADD COLUMN level VARCHAR;
