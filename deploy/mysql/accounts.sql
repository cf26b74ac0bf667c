-- The database and its two accounts, made once by an administrator, on MariaDB, TiDB or MySQL. Put
-- passwords of your own in. A fresh MariaDB may have an anonymous account that goes before these for
-- who connects from the same machine: DROP USER ''@'localhost'. Ids and names compare byte for byte by
-- the tables' own collation.
CREATE DATABASE satchel CHARACTER SET utf8mb4;

-- `satchel serve`, `fsck`, `quota`, `import`: rows, and no right to change the schema.
CREATE USER 'satchel'@'%' IDENTIFIED BY 'PASSWORD-OF-THE-SERVER';
GRANT SELECT, INSERT, UPDATE, DELETE ON satchel.* TO 'satchel'@'%';

-- `satchel migrate`: the schema too.
CREATE USER 'satchel_migrate'@'%' IDENTIFIED BY 'PASSWORD-OF-THE-MIGRATION';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES
  ON satchel.* TO 'satchel_migrate'@'%';
