import Foundation
import Testing

/// Protects older machines. The linker keeps one copy of a symbol that several objects define; if two kernel modules
/// defined the same function, the AVX-512 copy could win and the portable kernels, or the standard library's callers,
/// would run it. So a kernel module may define functions of its own only: no specialisation of the standard library's
/// generics and none of module Kernels's (they must all be inlined), whatever their binding.
@Suite struct KernelSymbolsTests {
  static let modules = ["KernelsPortable", "KernelsAVX2", "KernelsAVX512"]

  struct Symbol {
    let kind: Character
    let name: String
    let object: String
    /// Text, weak or unique: what can be called. Not V and D: data needs no instruction set.
    var isFunction: Bool { "TWiu".contains(kind) }
  }

  @Test(arguments: modules) func modulesDefineTheirOwnFunctionsOnly(_ module: String) throws {
    let symbols = try Self.definedSymbols(module)
    let functions = symbols.filter(\.isFunction)
    try #require(!functions.isEmpty, "no functions in \(module)'s objects: is the test looking at the wrong ones?")
    let own = "$s\(module.utf8.count)\(module)"
    let strangers = functions.filter { !$0.name.hasPrefix(own) }
    #expect(
      strangers.isEmpty, "\(module) defines functions that other modules could define too: \(Self.list(strangers))")
  }

  @Test func noTwoModulesDefineOneSymbol() throws {
    var owner: [String: String] = [:]
    for module in Self.modules {
      for symbol in try Self.definedSymbols(module) where symbol.isFunction {
        if let other = owner[symbol.name], other != module {
          Issue.record("both \(other) and \(module) define \(symbol.name)")
        }
        owner[symbol.name] = module
      }
    }
  }

  private static func list(_ symbols: [Symbol]) -> String {
    symbols.prefix(10).map { "\($0.kind) \($0.name) in \($0.object)" }.joined(separator: "\n  ")
      + (symbols.count > 10 ? "\n  and \(symbols.count - 10) more" : "")
  }

  /// The external symbols that a module's object files define.
  private static func definedSymbols(_ module: String) throws -> [Symbol] {
    var symbols: [Symbol] = []
    for object in try KernelObjects.files(of: module) {
      for line in try KernelObjects.run("nm", ["--extern-only", "--defined-only", object.path]).split(separator: "\n") {
        // "0000000000000120 T $s11KernelsAVX2..."
        let fields = line.split(separator: " ")
        guard fields.count == 3, let kind = fields[1].first else { continue }
        symbols.append(Symbol(kind: kind, name: String(fields[2]), object: object.lastPathComponent))
      }
    }
    return symbols
  }
}
