-- migrate:message known model providers
-- migrate:down_revision 011
-- migrate:up
CREATE TABLE llm_providers (name text PRIMARY KEY, base_url text NOT NULL);
INSERT INTO llm_providers (name, base_url) VALUES
    ('local', 'http://localhost:11434/v1'),
    ('hosted', 'https://models.example.com/v1');
-- migrate:down
DROP TABLE llm_providers;
