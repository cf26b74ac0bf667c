-- Which row of another program's table became which document.

-- CreateTable
CREATE TABLE "satchel_import" (
    "source" TEXT NOT NULL,
    "row_id" BIGINT NOT NULL,
    "document_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "size" BIGINT NOT NULL,
    "sha256" TEXT NOT NULL,
    "imported_at" DATETIME NOT NULL,
    PRIMARY KEY ("source", "row_id")
) WITHOUT ROWID;
