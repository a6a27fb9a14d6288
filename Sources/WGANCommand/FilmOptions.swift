// What `wgan walk` and `wgan timelapse` write: an animated PNG, or a folder of frames, as the path says.

import ArgumentParser
import CommandSupport
import SystemSupport
import WGAN

struct FilmOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      An animated PNG, if it ends with .png (- is standard output): browsers play it. Or a folder for the frames, if \
      it has no ending or ends with /: 000000.png and so on.
      """, valueName: "path"))
  var out: String

  @OptionGroup var replacing: ReplaceOption

  /// `--out` as a file; nil where it's a folder.
  private var file: Output? {
    if out == "-" { return Output(argument: out) }
    if out.utf8.last == UInt8(ascii: "/") || isFolder(out) { return nil }
    // What is there and has no ending may be a pipe.
    return FilePath(out).fileExtension.isEmpty && !fileExists(out) ? nil : Output(argument: out)
  }

  func validate() throws {
    if out.isEmpty { throw ValidationError("--out is empty: give a path") }
    if let file, !file.isStandardOutput, !["", "png", "apng"].contains(FilePath(file.path).fileExtension) {
      throw ValidationError(
        "--out \(out): moving pictures are written as animated PNG: give a name that ends with .png, or a folder")
    }
    try replacing.check(files: file, folder: file == nil ? out : nil)
  }

  /// Frames a second; nil: not given.
  func check(rate: Double?) throws {
    guard let rate else { return }
    try CommandSupport.check("--fps", rate, in: 0.1...100)
    if file == nil { throw ValidationError("--fps is an animation's, and --out a folder of frames: leave it out") }
  }

  /// Before the work: whether it can be written.
  /// - Parameter latents: a file that is read.
  func check(latents: String? = nil) throws(Failure) {
    guard let file else { return try Output.check(folder: out) }
    try file.check(isNot: ("--latents", latents))
    try file.check(.png, replacing)
  }

  func write(_ film: Film) throws {
    try film.write(
      to: file.map { .file($0.path) } ?? .folder(out, replacing: replacing.force),
      isCancelled: { Interruption.isRequested }, tell: { Console.note($0) })
    if file?.isStandardOutput != true { try Console.print(out) }
  }
}
