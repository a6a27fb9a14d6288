import Foundation
import Testing

/// Protects older machines. The linker keeps one copy of a symbol that several objects define. If two pages' modules
/// defined the same function, the AVX-512 copy could win, and the portable kernels, or the standard library's callers,
/// would run it. So whatever holds an instruction of a page's set has a name that says the page.
@Suite struct KernelSymbolsTests {
  #if arch(x86_64) && os(Linux)
    /// A page's module may define functions that other modules could define too (accessors of metadata, witnesses of
    /// the standard library's types), but they must run on every machine.
    @Test(arguments: KernelObjects.pages) func codeOfASetSaysItsPage(_ module: String) throws {
      let functions = try KernelObjects.functions(of: module)
      let symbols = try KernelObjects.definedSymbols(KernelObjects.files(of: module)).filter(\.isFunction).map(\.name)
      let names = try KernelObjects.demangled(symbols)
      let own = symbols.filter { Self.says(names[$0], module) }
      try #require(
        own.count > 20, "only \(own.count) functions of \(module) found: does the test read the names wrong?")
      for symbol in symbols where !Self.says(names[symbol], module) {
        let body = try #require(functions[symbol], "\(symbol) has no code")
        let special = body.map(\.text).filter(Self.isOfASet)
        #expect(
          special.isEmpty,
          "\(module) defines \(names[symbol] ?? symbol), which other modules may too, with \(special.prefix(3))")
      }
    }
  #endif

  /// A page's kernels are made in its module alone: a copy that another module made, for any processor, would be
  /// slower.
  @Test func noOtherModuleDefinesAPagesFunctions() throws {
    let others = try KernelObjects.definedSymbols(KernelObjects.filesOfOtherModules()).filter(\.isFunction)
    try #require(others.count > 1000, "only \(others.count) functions of other modules found")
    var owners: [String: String] = [:]
    for module in KernelObjects.pages {
      let symbols = try KernelObjects.definedSymbols(KernelObjects.files(of: module)).filter(\.isFunction)
      let names = try KernelObjects.demangled(symbols.map(\.name))
      for symbol in symbols where Self.says(names[symbol.name], module) {
        #expect(owners[symbol.name] == nil, "two pages define \(names[symbol.name] ?? symbol.name)")
        owners[symbol.name] = module
      }
    }
    for symbol in others {
      #expect(
        owners[symbol.name] == nil, "another module than \(owners[symbol.name] ?? "") defines \(symbol.name)")
    }
  }

  private static func says(_ name: String?, _ module: String) -> Bool { name?.contains(module + ".") == true }

  /// What x86-64 hasn't: AVX's instructions begin with a v; the others are those of BMI and its time.
  private static func isOfASet(_ instruction: String) -> Bool {
    let mnemonic = instruction.prefix { $0 != " " }
    let others = [
      "andn", "bextr", "blsi", "blsmsk", "blsr", "bzhi", "lzcnt", "movbe", "mulx", "pdep", "pext", "popcnt", "rorx",
      "sarx", "shlx", "shrx", "tzcnt",
    ]
    return mnemonic.hasPrefix("v") || mnemonic.hasPrefix("k") || others.contains { mnemonic.hasPrefix($0) }
      || instruction.contains("mm16") || instruction.contains("%ymm") || instruction.contains("%zmm")
  }
}
