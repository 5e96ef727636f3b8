-- migrate:up
CREATE TABLE first (x int);

-- migrate:down
DROP TABLE first;
