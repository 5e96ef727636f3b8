-- migrate:up
CREATE TABLE onboarding_sessions (
    id text PRIMARY KEY,
    user_id text NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    step integer NOT NULL DEFAULT 0,
    finished_at timestamp
);
-- migrate:down
DROP TABLE onboarding_sessions;
