/// What every metadata store must do; each adapter runs this suite unchanged.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "base/identifiers.h"
#include "ports/metadata_store.h"

namespace satchel {

/// A new, empty database, which goes away with this object.
class MetadataStoreUnderTest {
 public:
  virtual ~MetadataStoreUnderTest() = default;
  virtual MetadataStore& store() = 0;
  /// Lets go of the database and opens it again, as the next process would.
  virtual void Reopen() = 0;
  /// Returns once the database's clock shows at least `duration` more. Tests ask for 2 s at most,
  /// so that a clock that cannot be moved can be waited for.
  virtual void PassTime(std::chrono::milliseconds duration) = 0;
};

struct MetadataStoreBackEnd {
  std::string name;
  std::function<std::unique_ptr<MetadataStoreUnderTest>()> make;

  /// How test reports show it.
  friend std::ostream& operator<<(std::ostream& out, const MetadataStoreBackEnd& back_end) {
    return out << back_end.name;
  }
};

/// An adapter's test file holds only
///   INSTANTIATE_TEST_SUITE_P(Name, MetadataStoreContract, testing::Values(back_end),
///                            NameOfMetadataStore).
class MetadataStoreContract : public testing::TestWithParam<MetadataStoreBackEnd> {
 protected:
  static constexpr std::int64_t kQuota = 1000;  ///< bytes; the default
  static constexpr std::chrono::seconds kLease{900};

  MetadataStoreContract() : under_test_(GetParam().make()) {}

  MetadataStore& store() { return under_test_->store(); }
  void Reopen() { under_test_->Reopen(); }
  void PassTime(std::chrono::milliseconds duration) { under_test_->PassTime(duration); }

  ReserveRequest Request(const std::string& user, const std::string& filename,
                         std::int64_t size = 10, std::chrono::seconds lease = kLease);
  /// A PENDING row; the test fails when there is none.
  Document Pending(const ReserveRequest& request);
  /// A COMPLETED document, in a version of its own.
  Document Completed(const ReserveRequest& request);
  Result<Document> CompleteRow(const Document& pending);
  /// A deleted one; its bytes are due after `retention`.
  Document Deleted(const ReserveRequest& request, std::chrono::seconds retention);
  Usage UsageOf(const std::string& user);
  DocumentState StateOf(const Document& document);
  std::vector<std::string> FilenamesOf(const std::vector<Document>& documents);

  const CallContext call_{"contract"};

 private:
  const std::unique_ptr<MetadataStoreUnderTest> under_test_;
  SecureIdGenerator ids_;
};

inline std::string NameOfMetadataStore(const testing::TestParamInfo<MetadataStoreBackEnd>& info) {
  return info.param.name;
}

}  // namespace satchel
