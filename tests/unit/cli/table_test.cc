#include "cli/table.h"

#include <gtest/gtest.h>

namespace satchel::cli {
namespace {

TEST(TableTest, AlignsByColumnsOfTheTerminal) {
  Table table({{"NAME"}, {"SIZE", true}, {"NOTE"}});
  table.AddRow({"例.pdf", "5 B", "x"});
  table.AddRow({"longer.pdf", "10.0 KiB", ""});
  EXPECT_EQ(table.TakeText(),
            "NAME            SIZE  NOTE\n"
            "例.pdf           5 B  x\n"
            "longer.pdf  10.0 KiB\n");
}

TEST(TableTest, ShowsTitlesOnceAndKeepsWidths) {
  Table table({{"A"}, {"B"}});
  table.AddRow({"wide", "1"});
  EXPECT_EQ(table.TakeText(), "A     B\nwide  1\n");
  table.AddRow({"x", "2"});
  EXPECT_EQ(table.TakeText(), "x     2\n");
}

TEST(TableTest, ShowsTitlesWithoutRows) {
  Table table({{"ID"}, {"NAME"}});
  EXPECT_EQ(table.TakeText(), "ID  NAME\n");
}

}  // namespace
}  // namespace satchel::cli
