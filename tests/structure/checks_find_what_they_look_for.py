#!/usr/bin/env python3
"""The checks themselves: each is given a small tree with one mistake and must find exactly that."""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dependencies
import error_codes
import headers
import links
import parameter_table
import portable_paths
import quoted_code
import sizes


class Checks(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = self.folder.name

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, text):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)

    def test_an_arrow_that_points_back_is_found(self):
        self.write("codegen/passes/solve.hpp", "")
        self.write("codegen/ir/expr.hpp", '#include "codegen/passes/solve.hpp"\n')
        found = dependencies.check(self.root)
        self.assertEqual(len(found), 1)
        self.assertIn("codegen/ir/expr.hpp: includes codegen/passes/solve.hpp", found[0])

    def test_an_arrow_that_points_forwards_is_allowed(self):
        self.write("codegen/ir/expr.hpp", "")
        self.write("codegen/passes/solve.hpp", '#include "codegen/ir/expr.hpp"\n')
        self.assertEqual(dependencies.check(self.root), [])

    def test_the_runtime_may_not_see_the_generator(self):
        self.write("codegen/ir/expr.hpp", "")
        self.write("runtime/cli/main.cpp", '#include "codegen/ir/expr.hpp"\n')
        self.assertEqual(len(dependencies.check(self.root)), 1)

    def test_clang_outside_the_front_end_is_found(self):
        self.write("codegen/frontend/lift.cpp", "#include <clang/AST/Decl.h>\n")
        self.assertEqual(dependencies.check(self.root), [])
        self.write("codegen/driver/main.cpp", "#include <clang/AST/Decl.h>\n")
        self.assertEqual(len(dependencies.check(self.root)), 1)

    def test_a_cycle_of_headers_is_found(self):
        self.write("codegen/ir/a.hpp", '#include "b.hpp"\n')
        self.write("codegen/ir/b.hpp", '#include "a.hpp"\n')
        self.assertEqual(len(dependencies.check(self.root)), 1)

    def test_a_code_needs_a_page_and_a_test(self):
        self.write("codegen/passes/solve.cpp", 'd.error("AD201", at, "…");\n')
        self.assertEqual(len(error_codes.check(self.root)), 2)
        self.write("docs/errors/AD201.md", "# AD201: no solver\n")
        self.write("tests/passes/solve.cpp", "// AD201\n")
        self.assertEqual(error_codes.check(self.root), [])

    def test_a_page_of_a_code_that_is_gone_is_found(self):
        self.write("docs/errors/AD201.md", "# AD201: no solver\n")
        self.assertEqual(len(error_codes.check(self.root)), 1)

    def test_a_private_path_is_found(self):
        self.write("docs/a.md", "see /home/" + "someone/file\n")
        self.write("docs/b.md", "see userprojects/home/file and https://example.org/home/file\n")
        self.assertEqual([p.split(":")[0] for p in portable_paths.check(self.root)], ["docs/a.md"])

    def test_quoted_code_that_went_stale_is_found(self):
        self.write("docs/model.cc", "struct A {};\n")
        self.write("docs/a.md", "<!-- from model.cc -->\n```cpp\nstruct A {};\n```\n")
        self.write("docs/b.md", "<!-- from model.cc -->\n```cpp\nstruct B {};\n```\n")
        self.assertEqual([p.split(":")[0] for p in quoted_code.check(self.root)], ["docs/b.md"])

    def test_a_row_whose_key_member_option_or_test_is_gone_is_found(self):
        self.write("runtime/train/config.cpp", 's.integer("epochs", 10);\n')
        self.write("docs/configuration.md", "| `epochs` | |\n")
        self.write("models/include/antidrome/neurons.h", "struct Lif {\n  param tau = 20_ms, theta = 1;\n};\n")
        self.write("userprojects/a/model.cc", 'net.option("hidden", 3);\n')
        self.write("tests/a_test.cpp", "TEST(A, learns) {}\n")
        row = "| `E` | 1 | {} | 1 | a_test.cpp: {} |\n"
        self.write(parameter_table.PAGE, row.format("`train.epochs`, `Lif.theta`, `model.set.hidden`", "learns"))
        self.assertEqual(parameter_table.check(self.root), [])
        self.write(parameter_table.PAGE, row.format("`train.epoch`, `Lif.mass`, `Alif.tau`, `model.set.width`, `antidrome fly`", "flies") + row.format("", "learns"))
        found = parameter_table.check(self.root)
        self.assertEqual(len(found), 7, found)

    def test_an_option_of_another_command_and_a_default_that_has_changed_are_found(self):
        row = "| there | default there | here | default here | test |\n|---|---|---|---|---|\n| `A` | 1 | {} | {} | - |\n"
        self.write("runtime/cli/command_fly.cpp", 'add_option("--high")\n#include "runtime/cli/wings.hpp"\n')
        self.write("runtime/cli/wings.hpp", "")
        self.write("runtime/cli/wings.cpp", 'add_option("-w,--wide")\n')
        self.write("runtime/cli/command_swim.cpp", 'add_option("--deep")\n')
        self.write("runtime/train/config.cpp", '"beta1" "beta2"\n')
        self.write("docs/configuration.md", "| key | meaning | default |\n|---|---|---|\n| `beta1`, `beta2` | of Adam | 0.9, 0.999 |\n")
        self.write("models/include/antidrome/a.h", "struct Lif {\n  param tau = 20_ms, theta = 1;\n};\n")
        self.write(parameter_table.PAGE, row.format("`antidrome fly --high`, `antidrome fly --wide`", "") + row.format("`train.beta1`, `train.beta2`, `Lif.tau`", "0.9, 0.999, 20 ms"))
        self.assertEqual(parameter_table.check(self.root), [])
        self.write(parameter_table.PAGE, row.format("`antidrome fly --deep`", "") + row.format("`train.beta1`, `train.beta2`, `Lif.tau`", "0.9, 0.99, 10"))
        found = parameter_table.check(self.root)
        self.assertEqual(len(found), 2, found)
        self.assertIn("beta2 is 0.999, not 0.99; Lif.tau is 20, not 10", found[1])

    def test_a_dead_link_is_found(self):
        self.write("docs/a.md", "[b](b.md) [c](https://example.org) `[d](auto&)`\n")
        self.assertEqual(links.check(self.root), ["docs/a.md: link to b.md, which does not exist"])

    def test_long_functions_and_files_are_listed(self):
        self.write("runtime/a.cpp", "namespace x {\nint f(int a) {\n" + "  a += 1;\n" * 100 + "  return a;\n}\nint g() { return 1; }\n}\n")
        self.write("runtime/b.cpp", "// line\n" * 601)
        found = sizes.check(self.root)
        self.assertEqual(len(found), 2)
        self.assertIn("runtime/a.cpp:2: f has 103 lines", found[0])

    def test_a_header_that_leans_on_its_includer_is_found(self):
        self.write("runtime/a.hpp", "std::string f();\n")
        self.write("runtime/b.hpp", "#include <string>\nstd::string g();\n")
        found = headers.check(self.root, os.environ.get("CXX", "c++"), [])
        self.assertEqual(len(found), 1)
        self.assertIn("runtime/a.hpp", found[0])

    def test_a_part_of_a_header_is_compiled_with_it(self):
        self.write("runtime/a.hpp", "#pragma once\n#include <string>\n#include \"a_part.hpp\"\n")
        self.write("runtime/a_part.hpp", "// Included by a.hpp.\nstd::string f();\n")
        self.write("runtime/b_part.hpp", "// Included by b.hpp, which does not exist.\nstd::string f();\n")
        found = headers.check(self.root, os.environ.get("CXX", "c++"), [])
        self.assertEqual(len(found), 1)
        self.assertIn("runtime/b_part.hpp", found[0])


if __name__ == "__main__":
    unittest.main()
