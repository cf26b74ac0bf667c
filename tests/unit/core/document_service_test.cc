// The use cases: who may see what, and which answer each mistake gets.

#include "core/document_service.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "support/protocol_rig.h"
#include "support/run_coroutine.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

const std::string kContent = "some text";
const std::string kNoSuchId = "f0000000-0000-4000-8000-000000000001";

/// Signs nothing, but remembers what it was asked for.
class RecordingSigner final : public LinkSigner {
 public:
  Result<SignedLink> Sign(const CallContext&, const Document& document,
                          std::chrono::minutes life) override {
    signed_ids.push_back(document.id);
    last_life = life;
    last_version = document.version;
    return SignedLink{"https://example.org/" + document.id.value(), Timestamp(life)};
  }

  std::vector<DocumentId> signed_ids;
  ObjectVersion last_version;
  std::chrono::minutes last_life{0};
};

class DocumentServiceTest : public testing::Test {
 protected:
  Document Store(const std::string& filename) {
    const Result<Document> stored = rig_.Upload(filename, kContent);
    EXPECT_TRUE(stored.ok()) << stored.status().ToString();
    return stored.ok() ? *stored : Document();
  }
  /// What each way of asking for one document answers; they must agree.
  Reason ReasonOf(const std::string& user, const std::string& id) {
    const DocumentSelector which{user, id};
    FakeDownloadSink sink;
    const Reason download = RunCoroutine(service_.Download(call_, which, 0, sink)).reason();
    EXPECT_EQ(service_.GetUrl(call_, which, std::nullopt).status().reason(), download);
    EXPECT_FALSE(sink.info().has_value() && download != Reason::kNone);
    if (download != Reason::kNone) {
      EXPECT_EQ(service_.Delete(call_, which).status().reason(), download);
    }
    return download;
  }
  /// Takes from the row what another program does not write.
  void MakeForeign(const Document& document) {
    for (MemoryMetadataStore::Row row : rig_.metadata.rows()) {
      if (row.document.id != document.id) continue;
      row.document.attempt = {};
      row.document.version = {};
      row.document.sha256 = {};
      rig_.metadata.Insert(row);
    }
  }
  ListRequest ListOf(const std::string& user) {
    ListRequest request;
    request.user_id = user;
    return request;
  }
  Reason ListFault(const ListRequest& request) {
    return service_.List(call_, request).status().reason();
  }

  const CallContext call_{"test"};
  ProtocolRig rig_{VersionNaming::kOpaque};
  RecordingSigner links_;
  Uploader uploader_{
      rig_.metadata,
      rig_.objects,
      rig_.clock,
      rig_.ids,
      rig_.log,
      FileTypePolicy({"text/plain"}, {"txt"}),
      {.file_size_max = 1000, .default_quota = 1000, .lease = 900s, .concurrent_max = 4}};
  DocumentService service_{uploader_,    rig_.metadata,
                           rig_.objects, links_,
                           rig_.log,     {.default_quota = 1000, .link_life_default = 30min}};
};

TEST_F(DocumentServiceTest, OnlyTheOwnerReachesADocument) {
  const Document document = Store("a.txt");
  EXPECT_EQ(ReasonOf("alice", document.id.value()), Reason::kNone);
  EXPECT_EQ(ReasonOf("bob", document.id.value()), Reason::kPermissionDenied);
  EXPECT_EQ(ReasonOf("Alice", document.id.value()), Reason::kPermissionDenied);
  EXPECT_EQ(ReasonOf("alice ", document.id.value()), Reason::kPermissionDenied);
  EXPECT_EQ(links_.signed_ids.size(), 1U);
}

TEST_F(DocumentServiceTest, WhatIsNoDocumentIsNotFound) {
  EXPECT_EQ(ReasonOf("alice", kNoSuchId), Reason::kDocumentNotFound);
  EXPECT_EQ(ReasonOf("alice", "no uuid"), Reason::kDocumentNotFound);
  EXPECT_EQ(ReasonOf("alice", "' OR 1=1 --"), Reason::kDocumentNotFound);
  EXPECT_EQ(ReasonOf("alice", std::string(100'000, 'x')), Reason::kDocumentNotFound);
  EXPECT_EQ(ReasonOf("alice", ""), Reason::kInvalidField);
  EXPECT_EQ(ReasonOf("", kNoSuchId), Reason::kInvalidField);
  const Document document = Store("a.txt");
  ASSERT_TRUE(rig_.Delete(document.id).ok());
  EXPECT_EQ(ReasonOf("alice", document.id.value()), Reason::kDocumentNotFound);
}

TEST_F(DocumentServiceTest, AnUploadUnderWayIsNoDocumentForAnyone) {
  FakeUploadStream stream(ProtocolRig::MetadataOf("a.txt", kContent), kContent, 100);
  stream.BeforeRead(2, [&] {
    std::string pending;
    for (const auto& row : rig_.metadata.rows()) {
      if (row.document.state == DocumentState::kPending) pending = row.document.id.value();
    }
    ASSERT_FALSE(pending.empty());
    EXPECT_EQ(ReasonOf("alice", pending), Reason::kDocumentNotFound);
    EXPECT_EQ(ReasonOf("bob", pending), Reason::kDocumentNotFound);
    EXPECT_TRUE(rig_.ListAlice().empty());
    EXPECT_EQ(service_.GetUsage(call_, "alice")->total_bytes, 0);
  });
  EXPECT_TRUE(RunCoroutine(service_.Upload(call_, stream)).ok());
}

TEST_F(DocumentServiceTest, AnOffsetLiesWithinTheDocument) {
  const Document document = Store("a.txt");
  const DocumentSelector which{"alice", document.id.value()};
  const auto send = [&](std::int64_t offset, FakeDownloadSink& sink) {
    return RunCoroutine(service_.Download(call_, which, offset, sink));
  };
  FakeDownloadSink at_the_end;
  EXPECT_TRUE(send(document.size, at_the_end).ok());
  EXPECT_TRUE(at_the_end.info().has_value());
  EXPECT_EQ(at_the_end.chunks(), 0);
  FakeDownloadSink past;
  const Status out_of_range = send(document.size + 1, past);
  EXPECT_TRUE(out_of_range.Is(Reason::kOffsetOutOfRange));
  EXPECT_EQ(out_of_range.field_violations()[0].field, "offset");
  const Status negative = send(-1, past);
  EXPECT_TRUE(negative.Is(Reason::kInvalidField));
  EXPECT_EQ(negative.field_violations()[0].field, "offset");
  EXPECT_FALSE(past.info().has_value());
}

TEST_F(DocumentServiceTest, ALinkLivesOneMinuteToSevenDays) {
  const Document document = Store("a.txt");
  const DocumentSelector which{"alice", document.id.value()};
  ASSERT_TRUE(service_.GetUrl(call_, which, std::nullopt).ok());
  EXPECT_EQ(links_.last_life, 30min);
  for (const std::int32_t minutes : {1, 10080}) {
    ASSERT_TRUE(service_.GetUrl(call_, which, minutes).ok());
    EXPECT_EQ(links_.last_life, std::chrono::minutes(minutes));
  }
  for (const std::int32_t minutes : {0, -1, 10081, INT32_MAX, INT32_MIN}) {
    const Status refused = service_.GetUrl(call_, which, minutes).status();
    EXPECT_TRUE(refused.Is(Reason::kInvalidField)) << minutes;
    EXPECT_EQ(refused.field_violations()[0].field, "expiry_minutes");
  }
}

TEST_F(DocumentServiceTest, ALinkNamesTheVersionOfADocumentThatAnotherProgramWrote) {
  const Document document = Store("a.txt");
  MakeForeign(document);
  const DocumentSelector which{"alice", document.id.value()};
  ASSERT_TRUE(service_.GetUrl(call_, which, std::nullopt).ok());
  EXPECT_EQ(links_.last_version, document.version);
  EXPECT_EQ(rig_.metadata.Find(call_, document.id)->value().version, document.version);
  ASSERT_TRUE(service_.Delete(call_, which).ok());
  const auto left = rig_.objects.FindNewest(call_, document.object_key);
  EXPECT_EQ(left.value(), ObjectVersion()) << "its bytes are gone";
}

TEST_F(DocumentServiceTest, ADocumentThatAnotherProgramWroteTakesItsBytesAlong) {
  const Document document = Store("a.txt");
  MakeForeign(document);
  ASSERT_TRUE(service_.Delete(call_, {"alice", document.id.value()}).ok());
  EXPECT_EQ(rig_.objects.FindNewest(call_, document.object_key).value(), ObjectVersion());
  EXPECT_EQ(rig_.metadata.Find(call_, document.id).value(), std::nullopt);
}

TEST_F(DocumentServiceTest, ADocumentWithoutBytesHasNoLink) {
  const Document document = Store("a.txt");
  MakeForeign(document);
  ASSERT_TRUE(rig_.objects.Remove(call_, {document.object_key, document.version}).ok());
  const DocumentSelector which{"alice", document.id.value()};
  EXPECT_TRUE(service_.GetUrl(call_, which, std::nullopt).status().Is(Reason::kChecksumMismatch));
  EXPECT_TRUE(service_.Delete(call_, which).ok());
}

TEST_F(DocumentServiceTest, PagesFollowOneAnother) {
  std::set<std::string> stored;
  for (int i = 0; i < 7; ++i) {
    stored.insert(Store(std::to_string(i) + ".txt").id.value());
    rig_.clock.Advance(1ms);
  }
  ListRequest request = ListOf("alice");
  request.page_size = 3;
  std::vector<std::size_t> sizes;
  std::set<std::string> listed;
  do {
    const Result<ListAnswer> page = service_.List(call_, request);
    ASSERT_TRUE(page.ok()) << page.status().ToString();
    sizes.push_back(page->documents.size());
    for (const Document& document : page->documents) listed.insert(document.id.value());
    EXPECT_EQ(page->total_count, 7);
    request.page_token = page->next_page_token;
    rig_.clock.Advance(1ms);
  } while (!request.page_token.empty());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{3, 3, 1}));
  EXPECT_EQ(listed, stored);
}

TEST_F(DocumentServiceTest, APageHoldsFiftyUnlessAskedAndAHundredAtMost) {
  for (int i = 0; i < 101; ++i) {
    FakeUploadStream stream(ProtocolRig::MetadataOf(std::to_string(i) + ".txt", "x"), "x", 1);
    ASSERT_TRUE(rig_.UploadFrom(stream).ok());
  }
  ListRequest request = ListOf("alice");
  EXPECT_EQ(service_.List(call_, request)->documents.size(), 50U);
  request.page_size = 1000;
  EXPECT_EQ(service_.List(call_, request)->documents.size(), 100U);
  EXPECT_FALSE(service_.List(call_, request)->next_page_token.empty());
}

TEST_F(DocumentServiceTest, ARowThatNoOneCanShowBreaksNoListing) {
  MemoryMetadataStore::Row row;
  row.document.id = DocumentId("i\xFF");
  row.document.state = DocumentState::kCompleted;
  row.document.user = UserId("alice");
  row.document.object_key = row.path = "p\xFF";
  rig_.metadata.Insert(row);
  const std::vector<Document> listed = rig_.ListAlice();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].id.value(), "i\uFFFD");
  EXPECT_EQ(listed[0].object_key, "p\uFFFD");
}

TEST_F(DocumentServiceTest, ABadListRequestNamesItsField) {
  ListRequest request = ListOf("alice");
  request.page_size = -1;
  EXPECT_EQ(ListFault(request), Reason::kInvalidField);
  request = ListOf("");
  EXPECT_EQ(ListFault(request), Reason::kInvalidField);
  request = ListOf("alice");
  request.category = "";
  EXPECT_EQ(ListFault(request), Reason::kInvalidField);
  for (const char* day : {"", "2026-02-30", "2026-2-3", "yesterday", "2026-11-23T00:00:00Z"}) {
    request = ListOf("alice");
    request.date_filter = day;
    EXPECT_EQ(ListFault(request), Reason::kInvalidField) << day;
  }
  request = ListOf("alice");
  request.page_token = "garbage";
  EXPECT_EQ(ListFault(request), Reason::kPageTokenInvalid);
}

TEST_F(DocumentServiceTest, ATokenOfAnotherQueryIsRefused) {
  for (int i = 0; i < 3; ++i) Store(std::to_string(i) + ".txt");
  ListRequest request = ListOf("alice");
  request.page_size = 1;
  request.page_token = service_.List(call_, request)->next_page_token;
  request.page_size = 2;
  EXPECT_TRUE(service_.List(call_, request).ok()) << "the page size may change";
  request.category = "general";
  EXPECT_EQ(ListFault(request), Reason::kPageTokenInvalid);
  request.category.reset();
  request.user_id = "bob";
  EXPECT_EQ(ListFault(request), Reason::kPageTokenInvalid);
}

TEST_F(DocumentServiceTest, ALinkedDocumentIsFoundWhileItIsStored) {
  const Document document = Store("a.txt");
  EXPECT_EQ(service_.FindLinked(call_, document.id).value()->id, document.id);
  ASSERT_TRUE(rig_.Delete(document.id).ok());
  EXPECT_EQ(service_.FindLinked(call_, document.id).value(), std::nullopt);
}

TEST_F(DocumentServiceTest, ADatabaseThatIsAwayIsNeverAMissingDocument) {
  const Document document = Store("a.txt");
  rig_.faults.ArmMethod("Find", Fault::kNotHappened);
  EXPECT_TRUE(rig_.Download(document.id).status().Is(Reason::kDatabaseUnavailable));
  rig_.faults.ArmMethod("Find", Fault::kNotHappened);
  EXPECT_TRUE(rig_.Delete(document.id).status().Is(Reason::kDatabaseUnavailable));
  EXPECT_EQ(rig_.Download(document.id).value(), kContent);
}

}  // namespace
}  // namespace satchel
