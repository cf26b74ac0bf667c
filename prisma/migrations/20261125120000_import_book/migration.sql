-- Which row of another program's table became which document. Text compares as in the tables before.

-- CreateTable
CREATE TABLE `satchel_import` (
    `source` VARCHAR(255) NOT NULL,
    `row_id` BIGINT NOT NULL,
    `document_id` VARCHAR(36) NOT NULL,
    `user_id` VARCHAR(128) NOT NULL,
    `size` BIGINT NOT NULL,
    `sha256` VARCHAR(64) NOT NULL,
    `imported_at` DATETIME(3) NOT NULL,

    PRIMARY KEY (`source`, `row_id`)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*!80000 utf8mb4_0900_bin */ /*M! utf8mb4_nopad_bin */;
