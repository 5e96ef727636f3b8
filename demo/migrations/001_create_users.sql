-- migrate:message create users
-- migrate:down_revision base
-- migrate:up
CREATE TABLE users (
    id text PRIMARY KEY,
    email text NOT NULL UNIQUE,
    first_name text,
    last_name text,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);
-- migrate:down
DROP TABLE users;
