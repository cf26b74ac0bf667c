-- The embedded database. Times are integers: milliseconds since 1970-01-01 UTC, as Prisma stores
-- them on SQLite. Text compares byte for byte (BINARY, SQLite's default), trailing spaces included.

-- CreateTable
CREATE TABLE "rag_document" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "status" TEXT NOT NULL DEFAULT 'PENDING'
        CHECK ("status" IN ('PENDING', 'COMPLETED', 'FAILED')),
    "user_id" TEXT NOT NULL,
    "category" TEXT NOT NULL,
    "filename" TEXT NOT NULL,
    -- The object's key while the row holds its name, "released/{id}" after that.
    "path" TEXT NOT NULL,
    "size" BIGINT NOT NULL,
    "mime_type" TEXT NOT NULL,
    "created_at" DATETIME NOT NULL,
    "updated_at" DATETIME NOT NULL,
    -- NULL in rows that another program wrote: the key is then the path.
    "object_key" TEXT,
    "attempt" TEXT,
    "version" TEXT,
    "upload_id" TEXT,
    "sha256" TEXT,
    "lease_expires_at" DATETIME,
    "deleted_at" DATETIME,
    -- When the bytes of a FAILED row may go; NULL: never.
    "purge_after" DATETIME
);

-- CreateTable
CREATE TABLE "user_usage" (
    "user_id" TEXT NOT NULL PRIMARY KEY,
    "file_count" INTEGER NOT NULL DEFAULT 0,
    "total_bytes" BIGINT NOT NULL DEFAULT 0,
    -- 0 (1970-01-01): the user never stored a document.
    "updated_at" DATETIME NOT NULL,
    "reserved_bytes" BIGINT NOT NULL DEFAULT 0,
    "quota_bytes" BIGINT
);

-- CreateTable
CREATE TABLE "satchel_setting" (
    "name" TEXT NOT NULL PRIMARY KEY,
    "value" TEXT NOT NULL,
    "expires_at" DATETIME
);

-- CreateIndex
CREATE UNIQUE INDEX "rag_document_path_key" ON "rag_document" ("path");

-- CreateIndex
CREATE INDEX "rag_document_user_id_category_idx" ON "rag_document" ("user_id", "category");

-- CreateIndex
CREATE INDEX "rag_document_created_at_idx" ON "rag_document" ("created_at");

-- Documents that another program wrote, and which no counter knows: mostly none.
-- CreateIndex
CREATE INDEX "rag_document_foreign_idx"
    ON "rag_document" ("user_id", "status", "attempt")
    WHERE "status" = 'COMPLETED' AND "attempt" IS NULL;

-- A page of a listing starts anywhere at the same cost, and a count reads the index alone.
-- CreateIndex
CREATE INDEX "rag_document_listing_idx"
    ON "rag_document" ("user_id", "status", "created_at", "id") WHERE "status" = 'COMPLETED';

-- CreateIndex
CREATE INDEX "rag_document_category_listing_idx"
    ON "rag_document" ("user_id", "category", "status", "created_at", "id")
    WHERE "status" = 'COMPLETED';

-- What the sweeper asks for. Few rows are PENDING or FAILED at any time.
-- CreateIndex
CREATE INDEX "rag_document_lease_idx"
    ON "rag_document" ("lease_expires_at") WHERE "status" = 'PENDING';

-- CreateIndex
CREATE INDEX "rag_document_purge_idx"
    ON "rag_document" ("purge_after") WHERE "status" = 'FAILED';

-- CreateIndex
CREATE INDEX "rag_document_attempt_idx"
    ON "rag_document" ("attempt") WHERE "attempt" IS NOT NULL;

-- The local store's versions are attempts, which the index above finds.
-- CreateIndex
CREATE INDEX "rag_document_version_idx"
    ON "rag_document" ("version") WHERE "version" <> COALESCE("attempt", '');

-- Bytes that a row without a version may still have under its key.
-- CreateIndex
CREATE INDEX "rag_document_released_key_idx"
    ON "rag_document" ("object_key") WHERE "version" IS NULL AND "status" = 'FAILED';
