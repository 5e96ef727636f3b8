-- migrate:message add webhook to users
-- migrate:down_revision 007
-- migrate:up
ALTER TABLE users ADD COLUMN webhook_url text;
CREATE INDEX users_by_webhook ON users (webhook_url);
-- migrate:down
DROP INDEX users_by_webhook;
ALTER TABLE users DROP COLUMN webhook_url;
