-- migrate:message create model settings
-- migrate:down_revision base
-- migrate:depends_on 001
-- migrate:branch_label models
-- migrate:up
CREATE TABLE llm_configs (
    id text PRIMARY KEY,
    user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider text NOT NULL,
    model text NOT NULL,
    key_cipher text
);
-- migrate:down
DROP TABLE llm_configs;
