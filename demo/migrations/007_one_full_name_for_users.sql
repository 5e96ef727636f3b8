-- migrate:message one full name for users
-- migrate:up
ALTER TABLE users ADD COLUMN full_name text;
UPDATE users
SET full_name = CASE
    WHEN first_name IS NULL THEN COALESCE(last_name, email)
    WHEN last_name IS NULL THEN first_name
    ELSE first_name || ' ' || last_name
END;
ALTER TABLE users ALTER COLUMN full_name SET NOT NULL;
ALTER TABLE users DROP COLUMN first_name, DROP COLUMN last_name;
-- migrate:down
ALTER TABLE users ADD COLUMN first_name text;
ALTER TABLE users ADD COLUMN last_name text;
-- What stands before the first space was the first name.
UPDATE users
SET first_name = SUBSTR(full_name, 1, LENGTH(full_name) - LENGTH(LTRIM(full_name, REPLACE(full_name, ' ', '')))),
    last_name = NULLIF(LTRIM(LTRIM(full_name, REPLACE(full_name, ' ', ''))), '');
ALTER TABLE users DROP COLUMN full_name;
