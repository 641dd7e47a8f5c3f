// Every derived name is made here and nowhere else.
#pragma once
#include <string>
#include <string_view>

namespace antidrome::ir {
/// "hidden.v" -> "hidden.<prefix>v"; the prefix goes to the last component: "output.MeanVoltage.s" -> "output.MeanVoltage.lambda_s".
std::string prefixed(std::string_view qualified, std::string_view prefix);
inline std::string adjoint_name(std::string_view x) { return prefixed(x, "lambda_"); }
inline std::string gradient_name(std::string_view p) { return prefixed(p, "grad_"); }
inline std::string start_name(std::string_view x) { return prefixed(x, "start_"); }   ///< value at the start of the step (after arrivals)
inline std::string kappa_name(std::string_view gather) { return prefixed(gather, "kappa_"); }
inline std::string dot_name(std::string_view operand) { return prefixed(operand, "dot_"); }
inline std::string qualified(std::string_view owner, std::string_view member) { return std::string(owner) + "." + std::string(member); }
inline std::string acc_name(std::string_view cell) { return qualified(cell, "acc"); }
inline std::string slope_name(std::string_view cell) { return qualified(cell, "slope"); }
/// Names of draws in the hooks of a model: "draw_uniform_0", "draw_normal_1", "draw_white_2", numbered per struct.
inline bool is_draw(std::string_view member) { return member.starts_with("draw_"); }
inline bool is_white(std::string_view member) { return member.starts_with("draw_white_"); }
}  // namespace antidrome::ir
