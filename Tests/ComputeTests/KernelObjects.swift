// The object files of this build's modules, and the tools that look into them.

import Foundation
import TestSupport
import Testing

enum KernelObjects {
  #if arch(x86_64)
    static let pages = ["KernelsPortable", "KernelsAVX2", "KernelsAVX512", "KernelsBF16"]
  #else
    static let pages = ["KernelsPortable", "KernelsNEON"]
  #endif

  static func files(of module: String) throws -> [URL] {
    let objects = try objects(in: build.appendingPathComponent(module + ".build"))
    try #require(!objects.isEmpty, "no object files of \(module)")
    return objects
  }

  /// Those of all modules but the pages.
  static func filesOfOtherModules() throws -> [URL] {
    let directories = try FileManager.default.contentsOfDirectory(at: build, includingPropertiesForKeys: nil)
    return try directories.filter { directory in
      directory.pathExtension == "build" && !pages.contains(directory.deletingPathExtension().lastPathComponent)
    }.flatMap(objects)
  }

  private static func objects(in directory: URL) throws -> [URL] {
    try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "o" }
  }

  private static let build = URL(fileURLWithPath: buildFolder)

  // MARK: - Symbols

  struct Symbol: Hashable {
    let kind: Character
    let name: String
    /// Text, weak or unique: what can be called. Not V and D: data needs no instruction set.
    var isFunction: Bool { "TWiu".contains(kind) }
  }

  /// The external symbols that object files define.
  static func definedSymbols(_ files: [URL]) throws -> Set<Symbol> {
    let text = try run("nm", ["--extern-only", "--defined-only"] + files.map(\.path))
    var symbols: Set<Symbol> = []
    for line in text.split(separator: "\n") {
      // "0000000000000120 T $s11KernelsAVX2..."
      let fields = line.split(separator: " ")
      guard fields.count == 3, let kind = fields[1].first else { continue }
      // A Mac's object files have C's names, which begin with one more "_".
      let name = fields[2].hasPrefix("_$s") ? fields[2].dropFirst() : fields[2]
      symbols.insert(Symbol(kind: kind, name: String(name)))
    }
    return symbols
  }

  /// The symbols' names as Swift spells them.
  static func demangled(_ symbols: [String]) throws -> [String: String] {
    let text = try run("swift", ["demangle", "--compact"], input: symbols.joined(separator: "\n") + "\n")
    let names = text.split(separator: "\n", omittingEmptySubsequences: false)
    try #require(names.count >= symbols.count, "swift demangle: \(names.count) names of \(symbols.count) symbols")
    return Dictionary(zip(symbols, names.map(String.init)), uniquingKeysWith: { first, _ in first })
  }

  // MARK: - Machine code, as GNU's objdump prints it

  struct Instruction: Sendable {
    let address: Int
    let text: String
    /// Where a jump goes.
    let target: Int?
    /// What a call calls; "*": what a register says.
    var callee: String?

    init(address: Int, text: String) {
      self.address = address
      self.text = text
      let fields = text.split(separator: " ", maxSplits: 2)
      target = text.hasPrefix("j") && fields.count > 1 ? Int(fields[1], radix: 16) : nil
      if text.hasPrefix("call") {
        // "call 4f19 <name+0x12>"
        let name = fields.last?.split(separator: "<").last ?? ""
        callee = fields.count > 2 ? String(name.prefix { $0 != "+" && $0 != ">" }) : "*"
      }
    }
  }

  /// A page's functions as the compiler made them, by symbol.
  static func functions(of module: String) throws -> [String: [Instruction]] {
    try #require(functionsOfPages[module], "\(module) isn't a page").get()
  }

  /// Read once: objdump's text is long.
  private static let functionsOfPages: [String: Result<[String: [Instruction]], any Error>] = Dictionary(
    uniqueKeysWithValues: pages.map { module in (module, Result { try read(module) }) })

  private static func read(_ module: String) throws -> [String: [Instruction]] {
    var functions: [String: [Instruction]] = [:]
    for object in try files(of: module) {
      let text = try run("objdump", ["-d", "-r", "--no-show-raw-insn", object.path])
      functions.merge(parsed(text)) { first, _ in first }
    }
    return functions
  }

  private static func parsed(_ text: String) -> [String: [Instruction]] {
    var functions: [String: [Instruction]] = [:]
    var symbol = ""
    var body: [Instruction] = []
    for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
      if line.last == UInt8(ascii: ":"), let start = line.firstIndex(of: UInt8(ascii: "<")) {
        // "0000000000000120 <$s11KernelsAVX2...>:"
        functions[symbol] = body
        symbol = String(Substring(line[start...].dropFirst().dropLast(2)))
        body = []
      } else if line.first == UInt8(ascii: "\t") {
        // "\t\t\t126: R_X86_64_PLT32\t$s7Kernels...-0x4", under the call that it belongs to.
        guard let last = body.indices.last, body[last].callee != nil, let name = line.split(separator: 9).last
        else { continue }
        body[last].callee = String(Substring(name.prefix { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "+") }))
      } else if let colon = line.firstIndex(of: UInt8(ascii: ":")),
        let address = Int(String(Substring(line[..<colon])).trimmingCharacters(in: .whitespaces), radix: 16)
      {
        // "     125:\tcall   12a <...>"
        body.append(Instruction(address: address, text: String(Substring(line[colon...].dropFirst(2)))))
      }
    }
    functions[symbol] = body
    return functions
  }

  // MARK: - Tools

  static func run(_ tool: String, _ arguments: [String], input: String = "") throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [tool] + arguments
    // A file, not a pipe: a tool that answers while it reads would wait for a reader that is still writing.
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("wgan-\(UUID().uuidString)")
    try Data(input.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    process.standardInput = try FileHandle(forReadingFrom: file)
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(tool) failed: install binutils")
    return String(decoding: data, as: UTF8.self)
  }
}
