// What the explorer is asked for: pictures of some seeds, truncated, moved along the generator's main directions; or a
// walk between them.

import SystemSupport
import WGAN

package struct ExploreRequest: Equatable, Sendable {
  package enum Form: Equatable, Sendable {
    /// One picture for each seed, on one sheet.
    case grid
    /// A walk through the seeds and back to the first, in so many frames on one sheet.
    case walk(frames: Int)
    /// The same as an animated PNG.
    case film(frames: Int)
    /// The grid's latent vectors as a .npy file.
    case latents
  }

  package struct Move: Equatable, Sendable {
    package var direction: Int
    package var distance: Float
  }

  package var form: Form
  /// One of those that there are; nil: the newest.
  package var checkpoint: String?
  package var seeds: [UInt64]
  package var truncation: Float
  package var moves: [Move]
  /// Of a sheet.
  package var columns: Int

  static let mostSeeds = 64
  static let mostFrames = 120
  /// So many directions are shown, those of the greatest share.
  static let directions = 10
  private static let mostColumns = 16
  private static let farthest: Float = 5
}

extension ExploreRequest {
  static let names: Set<Substring> = ["checkpoint", "seeds", "truncation", "moves", "columns", "frames"]

  init(_ form: Form, _ query: Query) throws(Refusal) {
    try query.allow(Self.names)
    self.form = form
    checkpoint = try Self.checkpoint(query)
    do throws(SeedList.Problem) {
      seeds = try SeedList(String(query["seeds"] ?? "")).seeds
    } catch {
      throw Refusal(.badRequest, "seeds: \(error)")
    }
    guard seeds.count <= Self.mostSeeds else { throw Refusal(.badRequest, "seeds: \(Self.mostSeeds) at most") }
    columns = try query.number("columns") ?? 8
    guard (1...Self.mostColumns).contains(columns) else {
      throw Refusal(.badRequest, "columns: from 1 to \(Self.mostColumns)")
    }
    truncation = try query["truncation"].map { (text) throws(Refusal) in try Self.decimal(text) } ?? 1
    guard truncation > 0 && truncation <= 1 else { throw Refusal(.badRequest, "truncation: above 0, and 1 at most") }
    moves = []
    for text in (query["moves"] ?? "").split(separator: ",") {
      let parts = text.split(separator: "_", omittingEmptySubsequences: false)
      guard parts.count == 2, let direction = Query.number(parts[0]), direction < Self.directions else {
        throw Refusal(.badRequest, "moves: a direction's number, _ and a distance are wanted")
      }
      let distance = try Self.decimal(parts[1])
      guard abs(distance) <= Self.farthest, !moves.contains(where: { $0.direction == direction }) else {
        throw Refusal(.badRequest, "moves: each direction once, \(Self.farthest) at most")
      }
      moves.append(Move(direction: direction, distance: distance))
    }
    if form == .walk(frames: 0) || form == .film(frames: 0) {
      let frames = try query.number("frames") ?? 60
      guard seeds.count >= 2, (seeds.count...Self.mostFrames).contains(frames) else {
        throw Refusal(
          .badRequest, "a walk has two seeds or more, and as many frames at least (\(Self.mostFrames) at most)")
      }
      self.form = form == .film(frames: 0) ? .film(frames: frames) : .walk(frames: frames)
    }
  }

  /// "000500", "000500-2".
  static func checkpoint(_ query: Query) throws(Refusal) -> String? {
    guard let name = query["checkpoint"] else { return nil }
    guard (1...40).contains(name.utf8.count) else { throw Refusal(.badRequest, "checkpoint: a name is wanted") }
    return String(name)
  }

  /// "-1.25".
  private static func decimal(_ text: Substring) throws(Refusal) -> Float {
    let isPlain = text.utf8.allSatisfy {
      UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
    }
    guard isPlain, (1...10).contains(text.utf8.count), let value = Float(text), value.isFinite else {
      throw Refusal(.badRequest, "a number is wanted, such as 0.7")
    }
    return value
  }
}
