-- migrate:up
CREATE TABLE terms (
    id text PRIMARY KEY,
    project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name text NOT NULL,
    definition text NOT NULL,
    examples text
);
CREATE INDEX terms_by_project ON terms (project_id);
-- migrate:down
DROP TABLE terms;
