// Text as words of a command line, for lines that a person copies.

/// `text` as a shell reads it back: as it is where it needs nothing, else in single quotes; with escapes, as bash, ksh
/// and zsh read them, where a terminal wouldn't show it as it is.
package func shellWord(_ text: String) -> String {
  // By scalars: a mark that combines with a quote makes one character of the two.
  let scalars = text.unicodeScalars
  if scalars.contains(where: \.isOrder) { return "$'" + scalars.map(escaped).joined() + "'" }
  let plain =
    !scalars.isEmpty && scalars.first != "="
    && scalars.allSatisfy { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "/", ".", "-", "_", "+", ",", ":", "@", "%", "=": true
      default: scalar.value > 0x7f
      }
    }
  if plain { return text }
  return "'"
    + scalars.split(separator: "'", omittingEmptySubsequences: false).map(String.init).joined(separator: "'\\''")
    + "'"
}

/// One scalar between `$'` and `'`.
private func escaped(_ scalar: UnicodeScalar) -> String {
  switch scalar {
  case "'", "\\": "\\" + String(scalar)
  case _ where scalar.isOrder:
    // Three octal digits: what follows them is no part of the number.
    UTF8.encode(scalar)?.map { byte in
      let digits = String(byte, radix: 8)
      return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
    }.joined() ?? ""
  default: String(scalar)
  }
}

/// A flag and its value: `--out runs/faces`, or `--out=-x` where the value would be taken for a flag.
package func shellFlag(_ flag: String, _ value: String) -> String {
  flag + (value.unicodeScalars.first == "-" ? "=" : " ") + shellWord(value)
}

/// A command of the tool's that can be pasted where it is read: `wgan train --out runs/faces --resume`, and the tool's
/// name as it was called, as `.build/release/wgan`. (Of another program, which calls this code as a library: "wgan".)
///
/// - Parameter arguments: words of a command line already.
package func toolCommand(_ arguments: String) -> String { "\(toolName(of: CommandLine.arguments.first)) \(arguments)" }

/// The line by which a run goes on with a flag more. Somebody who has typed `wgan train ... --resume` gets that line,
/// so that nothing else that was typed is lost; anybody else the shortest one.
package func resumeCommand(out: String, and flag: String) -> String {
  typedCommand(CommandLine.arguments, has: "--resume", and: flag)
    ?? toolCommand("train \(shellFlag("--out", out)) --resume \(flag)")
}

/// The `wgan train` that this process was called as, with a flag more.
///
/// - Parameters:
///   - words: the process's, the first as it was called.
///   - needed: a flag among them.
/// - Returns: nil where they are another program's or another command's, or don't have that flag.
package func typedCommand(
  _ words: [String] = CommandLine.arguments, has needed: String? = nil, and flag: String
) -> String? {
  // What stands behind "--" is no flag.
  let flags = words.prefix { $0 != "--" }
  guard let call = flags.first, FilePath(call).name == "wgan", flags.dropFirst().first == "train",
    needed.map(flags.contains) ?? true
  else { return nil }
  return (flags.map(shellWord) + [flag] + words[flags.count...].map(shellWord)).joined(separator: " ")
}

/// - Parameter call: a program's first argument, as it was called.
package func toolName(of call: String?) -> String {
  guard let call, FilePath(call).name == "wgan" else { return "wgan" }
  return shellWord(call)
}
