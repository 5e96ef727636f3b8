-- migrate:up
CREATE TABLE second (x int);

-- migrate:down
DROP TABLE second;
