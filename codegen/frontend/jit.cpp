#include "codegen/frontend/jit.hpp"

#include <fmt/format.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/TargetSelect.h>

namespace antidrome::frontend {
namespace {

template <class T>
T expect(llvm::Expected<T> value, const char* what) {
  if (!value) throw InternalError(fmt::format("cannot {} the model file's code: {}", what, llvm::toString(value.takeError())));
  return std::move(*value);
}
void expect(llvm::Error error, const char* what) {
  if (error) throw InternalError(fmt::format("cannot {} the model file's code: {}", what, llvm::toString(std::move(error))));
}

/// What Clang itself does at -O0: functions marked always_inline exist nowhere else (std::allocator's, for one).
void run_mandatory_passes(llvm::Module& module) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildO0DefaultPipeline(llvm::OptimizationLevel::O0).run(module, modules);
}

}  // namespace

struct Jit::Session {
  std::string complaint;                        // before the JIT, which reports until it is gone
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

Jit::Jit(CompiledUnit& unit, const std::vector<std::string>& keep) : session_(std::make_unique<Session>()) {
  static const bool ready = !llvm::InitializeNativeTarget() && !llvm::InitializeNativeTargetAsmPrinter();
  ANTIDROME_ASSERT(ready, "no native code generator in LLVM");
  for (const std::string& name : keep)
    if (llvm::Function* f = unit.module->getFunction(name); f && f->hasLocalLinkage()) f->setLinkage(llvm::GlobalValue::ExternalLinkage);
  run_mandatory_passes(*unit.module);
  auto machine = expect(llvm::orc::JITTargetMachineBuilder::detectHost(), "choose a target for");
  machine.setCodeGenOptLevel(llvm::CodeGenOptLevel::None);   // it runs once; compiling is what costs
  session_->jit = expect(llvm::orc::LLJITBuilder().setJITTargetMachineBuilder(std::move(machine)).create(), "prepare");
  session_->jit->getExecutionSession().setErrorReporter([session = session_.get()](llvm::Error e) {
    const std::string text = llvm::toString(std::move(e));
    if (session->complaint.empty()) session->complaint = text;
  });
  const char prefix = session_->jit->getDataLayout().getGlobalPrefix();
  session_->jit->getMainJITDylib().addGenerator(expect(llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(prefix), "link"));
  expect(session_->jit->addIRModule(llvm::orc::ThreadSafeModule(std::move(unit.module), std::move(unit.context))), "load");
  if (llvm::Error e = session_->jit->initialize(session_->jit->getMainJITDylib())) {   // the user's global objects
    const std::string text = llvm::toString(std::move(e));
    if (session_->complaint.empty()) session_->complaint = text;
  }
}

Jit::Jit(Jit&&) noexcept = default;
Jit::~Jit() = default;

const std::string& Jit::complaint() const { return session_->complaint; }

void* Jit::address(const std::string& symbol) {
  auto found = session_->jit->lookup(symbol);
  if (!found) {
    llvm::consumeError(found.takeError());
    return nullptr;
  }
  return found->toPtr<void*>();
}

}  // namespace antidrome::frontend
