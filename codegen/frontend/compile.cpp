#include "codegen/frontend/compile.hpp"

#include <clang/Basic/DiagnosticSema.h>
#include <clang/Basic/SourceManager.h>
#include <clang/CodeGen/ModuleBuilder.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/FrontendAction.h>
#include <clang/Frontend/MultiplexConsumer.h>
#include <clang/Frontend/Utils.h>
#include <fmt/format.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include <algorithm>
#include <filesystem>

#include "codegen/frontend/hash.hpp"
#include "codegen/frontend/structs.hpp"

namespace antidrome::frontend {
namespace {

/// Clang's own errors, as ours: its text at its place, and from its notes those that stand in the user's files.
class ErrorCollector : public clang::DiagnosticConsumer {
 public:
  ErrorCollector(Diagnostics& out, std::string dsl_folder) : out_(out), dsl_folder_(std::move(dsl_folder)) {}

  void HandleDiagnostic(clang::DiagnosticsEngine::Level level, const clang::Diagnostic& info) override {
    DiagnosticConsumer::HandleDiagnostic(level, info);
    llvm::SmallString<256> buffer;
    info.FormatDiagnostic(buffer);
    std::string text = buffer.str().str();
    const Location at = locate(info);
    const bool foreign = info.getLocation().isValid() && info.hasSourceManager() && info.getSourceManager().isInSystemHeader(info.getLocation());
    if (level == clang::DiagnosticsEngine::Note) return foreign ? void() : note(at, std::move(text));
    current_ = nullptr;
    if (level < clang::DiagnosticsEngine::Error) return;
    const bool ambiguous = info.getID() == clang::diag::err_conditional_ambiguous;
    current_ = ambiguous ? &out_.error("AD119", at, "the two sides of '?:' are a member and a number, and either converts to the other", "put a plus before the member: c ? +theta : 1.0")
                         : &out_.error("AD100", at, std::move(text));
  }

 private:
  static Location locate(const clang::Diagnostic& info) {
    if (info.getLocation().isInvalid() || !info.hasSourceManager()) return {};
    const clang::SourceManager& sources = info.getSourceManager();
    const clang::PresumedLoc place = sources.getPresumedLoc(sources.getExpansionLoc(info.getLocation()));
    if (place.isInvalid()) return {};
    return {place.getFilename(), static_cast<int>(place.getLine()), static_cast<int>(place.getColumn())};
  }

  void note(const Location& at, std::string text) {
    if (!current_ || at.file.empty() || at.file.starts_with(dsl_folder_) || current_->notes.size() >= 4) return;
    if (text.find("requested here") != std::string::npos) text = "used here";
    current_->notes.emplace_back(at, std::move(text));
  }

  Diagnostics& out_;
  std::string dsl_folder_;
  Diagnostic* current_ = nullptr;
};

class LiftConsumer : public clang::ASTConsumer {
 public:
  LiftConsumer(const std::string& file, CompiledUnit& unit, Diagnostics& diagnostics) : file_(file), unit_(unit), diagnostics_(diagnostics) {}
  void HandleTranslationUnit(clang::ASTContext& context) override {
    if (context.getDiagnostics().hasErrorOccurred()) return;
    unit_.structs = lift_structs(context, diagnostics_);
    unit_.network_at = find_network_function(context, file_, diagnostics_);
  }

 private:
  const std::string& file_;
  CompiledUnit& unit_;
  Diagnostics& diagnostics_;
};

class LiftAction : public clang::ASTFrontendAction {
 public:
  LiftAction(const std::string& file, CompiledUnit& unit, Diagnostics& diagnostics) : file_(file), unit_(unit), diagnostics_(diagnostics) {}

 protected:
  std::unique_ptr<clang::ASTConsumer> CreateASTConsumer(clang::CompilerInstance& instance, llvm::StringRef) override {
    generator_ = clang::CreateLLVMCodeGen(instance.getDiagnostics(), file_, &instance.getVirtualFileSystem(), instance.getHeaderSearchOpts(),
                                          instance.getPreprocessorOpts(), instance.getCodeGenOpts(), *unit_.context);
    std::vector<std::unique_ptr<clang::ASTConsumer>> both;
    both.emplace_back(generator_);
    both.push_back(std::make_unique<LiftConsumer>(file_, unit_, diagnostics_));
    return std::make_unique<clang::MultiplexConsumer>(std::move(both));
  }

  void EndSourceFileAction() override {
    if (!getCompilerInstance().getDiagnostics().hasErrorOccurred()) unit_.module.reset(generator_->ReleaseModule());
    const clang::SourceManager& sources = getCompilerInstance().getSourceManager();
    for (auto entry = sources.fileinfo_begin(); entry != sources.fileinfo_end(); ++entry) {
      const clang::FileID id = sources.translateFile(entry->first);
      if (id.isValid() && clang::SrcMgr::isSystem(sources.getFileCharacteristic(sources.getLocForStartOfFile(id)))) continue;
      if (const auto bytes = entry->second->getBufferIfLoaded()) unit_.files.push_back({std::filesystem::absolute(entry->first.getName().str()).lexically_normal().string(), hash_text(bytes->getBuffer())});
    }
    std::sort(unit_.files.begin(), unit_.files.end(), [](const InputFile& a, const InputFile& b) { return a.path < b.path; });
  }

 private:
  const std::string& file_;
  CompiledUnit& unit_;
  Diagnostics& diagnostics_;
  clang::CodeGenerator* generator_ = nullptr;
};

}  // namespace

CompiledUnit::CompiledUnit() : context(std::make_unique<llvm::LLVMContext>()) {}
CompiledUnit::CompiledUnit(CompiledUnit&&) noexcept = default;
CompiledUnit::~CompiledUnit() = default;

CompiledUnit compile(const std::string& file, const std::string& include_folder, const std::string& resource_folder, Diagnostics& diagnostics) {
  CompiledUnit unit;
  const std::string include = "-I" + include_folder, resources = "-resource-dir=" + resource_folder;
  const char* arguments[] = {"clang++", "-std=c++20", "-O0", "-w", "-ffp-contract=off", "-fno-c++-static-destructors", "-ferror-limit=50", include.c_str(), resources.c_str(), "-x", "c++", "-c", file.c_str()};
  ErrorCollector collector(diagnostics, include_folder);
  clang::CreateInvocationOptions options;
  options.Diags = clang::CompilerInstance::createDiagnostics(new clang::DiagnosticOptions, &collector, /*ShouldOwnClient=*/false);
  auto invocation = clang::createInvocation(arguments, options);
  if (!invocation) return unit;
  clang::CompilerInstance instance;
  instance.setInvocation(std::move(invocation));
  instance.createDiagnostics(&collector, /*ShouldOwnClient=*/false);
  instance.setVerboseOutputStream(llvm::nulls());   // no "1 error generated."
  LiftAction action(file, unit, diagnostics);
  instance.ExecuteAction(action);
  return unit;
}

}  // namespace antidrome::frontend
