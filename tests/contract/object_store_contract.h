/// What every object store must do; each adapter runs this suite unchanged.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "ports/object_store.h"

namespace satchel {

/// A new, empty store, which goes away with this object.
class ObjectStoreUnderTest {
 public:
  virtual ~ObjectStoreUnderTest() = default;
  virtual ObjectStore& store() = 0;
  /// Lets go of the store and opens it again, as the next process would.
  virtual void Reopen() = 0;
};

struct ObjectStoreBackEnd {
  std::string name;
  std::function<std::unique_ptr<ObjectStoreUnderTest>()> make;

  /// How test reports show it.
  friend std::ostream& operator<<(std::ostream& out, const ObjectStoreBackEnd& back_end) {
    return out << back_end.name;
  }
};

/// An adapter's test file holds only
///   INSTANTIATE_TEST_SUITE_P(Name, ObjectStoreContract, testing::Values(back_end), NameOfBackEnd).
class ObjectStoreContract : public testing::TestWithParam<ObjectStoreBackEnd> {
 protected:
  ObjectStoreContract() : under_test_(GetParam().make()) {}

  ObjectStore& store() { return under_test_->store(); }
  void Reopen() { under_test_->Reopen(); }

 private:
  const std::unique_ptr<ObjectStoreUnderTest> under_test_;
};

inline std::string NameOfObjectStore(const testing::TestParamInfo<ObjectStoreBackEnd>& info) {
  return info.param.name;
}

}  // namespace satchel
