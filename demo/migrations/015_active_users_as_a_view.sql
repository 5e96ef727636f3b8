-- migrate:message active users as a view
-- migrate:up
CREATE VIEW active_users AS
SELECT u.id, u.full_name, u.email, COUNT(m.project_id) AS projects
FROM users u LEFT JOIN project_members m ON m.user_id = u.id
WHERE u.is_active
GROUP BY u.id, u.full_name, u.email;
-- migrate:down
DROP VIEW active_users;
