// Single files that a command writes: `-` is standard output, and what can be known to go wrong is known before the
// work.

import ArgumentParser
import CommandSupport
import Images
import SystemSupport
import WGAN

/// An output as it was given: a path, or `-`.
struct Output: ExpressibleByArgument {
  private let argument: String

  init?(argument: String) { self.argument = argument }

  /// A file for one picture, as its name tells; nil where it's a folder's.
  init?(pictureOrFolder argument: String) {
    let endings: Set = [
      "png", "apng", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "avif", "heic", "jxl", "svg", "pdf", "mp4",
      "webm",
    ]
    guard endings.contains(FilePath(argument).fileExtension), argument.utf8.last != UInt8(ascii: "/"),
      !isFolder(argument)
    else { return nil }
    self.argument = argument
  }

  var isEmpty: Bool { argument.isEmpty }
  var isStandardOutput: Bool { argument == "-" }
  var path: String { isStandardOutput ? standardOutputPath : argument }
  /// The folder that names in it may be relative to.
  var folder: String { isStandardOutput ? "." : splitPath(argument).folder }

  /// What is written there, by the name.
  /// - Throws: `ValidationError`.
  func pictureFormat(_ flag: String) throws -> PictureFormat {
    if isStandardOutput { return .png }
    if let format = PictureFormat(ofFile: argument) { return format }
    if isThere { return .png }
    throw ValidationError(
      "\(flag) \(argument): pictures are written as PNG or JPEG: give a name that ends with .png or .jpg")
  }

  /// What is there is judged by what it is (`check`), whatever its name: a pipe, a link, a folder.
  private var isThere: Bool { (try? fileStatus(argument, followingLinks: false)) != nil }

  /// The same of what can be one kind alone.
  /// - Throws: `ValidationError`.
  func checkName(_ flag: String, _ kind: FileKind) throws {
    if isStandardOutput || isThere || kind.hasName(FilePath(argument)) { return }
    throw ValidationError("\(flag) \(argument): is written as \(kind.words): give a name that ends with \(kind.ending)")
  }

  /// Refuses what couldn't be written, what would replace a file and isn't meant to, a file of another kind or a run's
  /// own in any case, and a terminal for what isn't text.
  ///
  /// - Throws: `.cannotCreate`.
  func check(_ kind: FileKind, _ replacing: ReplaceOption) throws(Failure) {
    if isStandardOutput {
      if !kind.isText && isatty(STDOUT_FILENO) != 0 {
        throw Failure(
          .cannotCreate,
          "standard output is a terminal, which can't show \(kind.words): redirect it (> FILE), or give a path")
      }
      return
    }
    let place: FilePath
    do {
      place = try linkedPath(argument)
    } catch {
      throw Failure(.cannotCreate, argument, "can't be written", error)
    }
    if let run = Self.run(whoseOwnIs: place) {
      throw Failure(.cannotCreate, argument, "is one of the files that the run \(run) keeps: give another path")
    }
    if let there = try? fileStatus(place) {
      if there.isFolder { throw Failure(.cannotCreate, argument, "is a folder, a file was to be written there") }
      if there.isRegularFile && !kind.matches(place) {
        throw Failure(
          .cannotCreate, argument,
          "is there and isn't \(kind.words): it isn't replaced; remove it, or give another path")
      }
      if !there.isRegularFile { return }
      // An empty one is a name that was reserved, as by mktemp.
      if !replacing.force && there.st_size > 0 {
        throw Failure(.cannotCreate, argument, "is there already: give another path, or --force to replace it")
      }
    }
    guard isFolder(place.folder) else {
      throw Failure(.cannotCreate, argument, "can't be created: there is no such folder")
    }
    do {
      try systemCall(place.folder) { access($0, W_OK | X_OK) }
    } catch {
      throw Failure(.cannotCreate, argument, "can't be created", error)
    }
  }

  /// Refuses a file that the command reads: what is written would take its place.
  ///
  /// - Throws: `.cannotCreate`, naming the flag.
  func check(isNot inputs: (flag: String, path: String?)...) throws(Failure) {
    guard let place, let there = try? fileStatus(place) else { return }
    for (flag, path) in inputs {
      guard let path, let read = try? fileStatus(path), FileIdentity(read) == FileIdentity(there) else { continue }
      throw Failure(.cannotCreate, argument, "is the file that \(flag) reads: give another path")
    }
  }

  /// Refuses a folder for pictures that is a run's own.
  ///
  /// - Throws: `.cannotCreate`.
  static func check(folder argument: String) throws(Failure) {
    guard let folder = try? realPath(argument), let run = run(whosePartIs: folder) else { return }
    throw Failure(.cannotCreate, argument, "is a folder that the run \(run) keeps: give another one")
  }

  /// Two outputs that are one file: the second would replace the first.
  ///
  /// - Throws: `.usage`, naming the flags.
  static func check(_ first: (flag: String, output: Output?), _ second: (flag: String, output: Output?)) throws(Failure)
  {
    guard let one = first.output, let other = second.output, let place = one.place, place == other.place else { return }
    throw Failure(.usage, "\(first.flag) and \(second.flag) are both \(other.argument): give one of them another path")
  }

  /// Where the file is or will be, whatever its folder is called; nil for standard output, and for what can't be.
  private var place: FilePath? {
    guard !isStandardOutput, let path = try? linkedPath(argument), let folder = try? realPath(path.folder) else {
      return nil
    }
    return folder.appending(path.name)
  }

  /// The run that keeps such a file: what it has for itself, its galleries, its checkpoints and its events.
  private static func run(whoseOwnIs place: FilePath) -> FilePath? {
    guard let folder = try? realPath(place.folder), let name = place.name.text else { return nil }
    if isRun(folder) { return RunPaths.files.contains(name) ? folder : nil }
    return run(whosePartIs: folder)
  }

  /// The run that a folder is, or is a part of.
  private static func run(whosePartIs folder: FilePath) -> FilePath? {
    if isRun(folder) { return folder }
    let isPart = ["samples", "checkpoints", "tensorboard"].contains { folder.name == $0 }
    return isPart && isRun(folder.folder) ? folder.folder : nil
  }

  private static func isRun(_ path: FilePath) -> Bool {
    path.text.map { fileExists(RunPaths($0).config) } ?? false
  }

  /// What a command says beside its outputs: on standard output, but where one of them is there.
  static func say(_ text: String, beside outputs: Output?...) throws {
    if outputs.contains(where: { $0?.isStandardOutput == true }) {
      Console.note(lines: text)
    } else {
      try Console.print(text)
    }
  }
}

/// The one rule of all files that commands write.
struct ReplaceOption: ParsableArguments {
  @Flag(
    help: """
      Replace a file that is there already. In a folder of pictures: write over those of another seed or generator, \
      where they aren't more than the new ones.
      """)
  var force = false

  /// - Parameter outputs: nil: isn't given.
  /// - Throws: `ValidationError` where nothing is written that could be in the way.
  func check(files outputs: Output?..., folder: String? = nil) throws {
    if force && folder == nil && outputs.allSatisfy({ $0?.isStandardOutput ?? true }) {
      throw ValidationError("--force replaces files, and none is written: leave it out")
    }
  }
}

/// What a single file is, told by its first bytes or by its name.
enum FileKind {
  case png, jpeg, svg, safetensors, onnx, text

  init(_ format: PictureFormat) { self = format == .jpeg ? .jpeg : .png }

  var words: String {
    switch self {
    case .png: "a PNG"
    case .jpeg: "a JPEG"
    case .svg: "an SVG"
    case .safetensors: "a safetensors file"
    case .onnx: "an ONNX model"
    case .text: "a list or report"
    }
  }

  var isText: Bool { self == .svg || self == .text }

  /// The usual one.
  var ending: String { endings[0] }

  func hasName(_ path: FilePath) -> Bool { endings.contains("." + path.fileExtension) }

  private var endings: [String] {
    switch self {
    case .png: [".png", ".apng"]
    case .jpeg: [".jpg", ".jpeg"]
    case .svg: [".svg"]
    case .safetensors: [".safetensors"]
    case .onnx: [".onnx"]
    case .text: [".csv", ".txt", ".lst", ".log"]
    }
  }

  /// Whether a file that is there may be one. An empty one may be any.
  func matches(_ path: FilePath) -> Bool {
    if hasName(path) { return true }
    guard let file = try? InputFile(at: path) else { return false }
    if file.size == 0 { return true }
    var start = [UInt8](repeating: 0, count: min(file.size, 512))
    let isRead: Void? = try? start.withUnsafeMutableBufferPointer { (start) throws(Failure) in
      try file.read(at: 0, into: UnsafeMutableRawBufferPointer(start))
    }
    if isRead == nil { return false }
    let json = UInt8(ascii: "{")
    switch self {
    case .png: return PictureFormat(start) == .png
    case .jpeg: return PictureFormat(start) == .jpeg
    case .svg: return start.starts(with: "<svg".utf8) || start.starts(with: "<?xml".utf8)
    case .safetensors: return start.count > 8 && start[8] == json
    // A protobuf's first field, the version, as a number.
    case .onnx: return start[0] == 8
    case .text: return !start.contains(0) && ![json, UInt8(ascii: "<"), UInt8(ascii: "[")].contains(start[0])
    }
  }
}
