-- As `prisma migrate dev` writes it, but for the collation, which Prisma cannot say: text compares
-- byte for byte, trailing spaces included (utf8mb4_bin would ignore them). MySQL 8 and TiDB take
-- the first comment's name, MariaDB the second's. Times are UTC.

-- CreateTable
CREATE TABLE `rag_document` (
    `id` VARCHAR(36) NOT NULL,
    `status` ENUM('PENDING', 'COMPLETED', 'FAILED') NOT NULL DEFAULT 'PENDING',
    `user_id` VARCHAR(128) NOT NULL,
    `category` VARCHAR(128) NOT NULL,
    `filename` VARCHAR(255) NOT NULL,
    `path` VARCHAR(534) NOT NULL,
    `size` BIGINT NOT NULL,
    `mime_type` VARCHAR(255) NOT NULL,
    `created_at` DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    `updated_at` DATETIME(3) NOT NULL,
    `object_key` VARCHAR(534) NULL,
    `attempt` VARCHAR(64) NULL,
    `version` VARCHAR(1024) NULL,
    `upload_id` VARCHAR(2048) NULL,
    `sha256` VARCHAR(64) NULL,
    `lease_expires_at` DATETIME(3) NULL,
    `deleted_at` DATETIME(3) NULL,
    `purge_after` DATETIME(3) NULL,

    UNIQUE INDEX `rag_document_path_key`(`path`),
    INDEX `rag_document_user_id_category_idx`(`user_id`, `category`),
    INDEX `rag_document_created_at_idx`(`created_at`),
    INDEX `rag_document_user_id_status_created_at_id_idx`(`user_id`, `status`, `created_at`, `id`),
    INDEX `rag_document_user_id_category_status_created_at_id_idx`(`user_id`, `category`, `status`, `created_at`, `id`),
    INDEX `rag_document_attempt_user_id_status_idx`(`attempt`, `user_id`, `status`),
    INDEX `rag_document_lease_expires_at_idx`(`lease_expires_at`),
    INDEX `rag_document_purge_after_id_idx`(`purge_after`, `id`),
    INDEX `rag_document_version_idx`(`version`(191)),
    INDEX `rag_document_object_key_idx`(`object_key`),
    PRIMARY KEY (`id`)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*!80000 utf8mb4_0900_bin */ /*M! utf8mb4_nopad_bin */;

-- CreateTable
CREATE TABLE `user_usage` (
    `user_id` VARCHAR(128) NOT NULL,
    `file_count` INTEGER NOT NULL DEFAULT 0,
    `total_bytes` BIGINT NOT NULL DEFAULT 0,
    `updated_at` DATETIME(3) NOT NULL,
    `reserved_bytes` BIGINT NOT NULL DEFAULT 0,
    `quota_bytes` BIGINT NULL,

    PRIMARY KEY (`user_id`)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*!80000 utf8mb4_0900_bin */ /*M! utf8mb4_nopad_bin */;

-- CreateTable
CREATE TABLE `satchel_setting` (
    `name` VARCHAR(64) NOT NULL,
    `value` VARCHAR(1024) NOT NULL,
    `expires_at` DATETIME(3) NULL,

    PRIMARY KEY (`name`)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*!80000 utf8mb4_0900_bin */ /*M! utf8mb4_nopad_bin */;
