#include "core/legacy_import/import_report.h"

namespace satchel {

std::string_view NameOf(RowVerdict verdict) {
  switch (verdict) {
    case RowVerdict::kNameChanged:
      return "name_changed";
    case RowVerdict::kNameClash:
      return "name_clash";
    case RowVerdict::kTimeUnknown:
      return "time_unknown";
    case RowVerdict::kDeletedSince:
      return "deleted_since";
    case RowVerdict::kSourceGone:
      return "source_gone";
    case RowVerdict::kTeacherMissing:
      return "teacher_missing";
    case RowVerdict::kTeacherInvalid:
      return "teacher_invalid";
    case RowVerdict::kTextMissing:
      return "text_missing";
    case RowVerdict::kTextEmpty:
      return "text_empty";
    case RowVerdict::kTextInvalid:
      return "text_invalid";
    case RowVerdict::kTooLarge:
      return "too_large";
    case RowVerdict::kOverQuota:
      return "over_quota";
    case RowVerdict::kNameTaken:
      return "name_taken";
    case RowVerdict::kChangedSince:
      return "changed_since";
    case RowVerdict::kNotImported:
      return "not_imported";
    case RowVerdict::kDiffers:
      return "differs";
  }
  return "unknown";
}

bool IsProblem(RowVerdict verdict) { return verdict >= RowVerdict::kTeacherMissing; }

bool IsRefusal(RowVerdict verdict) {
  return verdict >= RowVerdict::kTeacherMissing && verdict <= RowVerdict::kNameTaken;
}

}  // namespace satchel
