// What flows between two layers, of one picture of the batch.

/// What a layer reads or writes for each picture, whatever halo it lies in.
package enum ActivationShape: Hashable, Sendable {
  /// Channels of planes, blocked by 16. A vector is planes of one pixel each.
  case planes(channels: Int, size: Int)
  /// 1 to 4 channels, interleaved: what goes into a critic and comes out of a generator.
  case pictures(channels: Int, size: Int)
  /// One number: what a critic makes.
  case scores

  package var channels: Int {
    switch self {
    case .planes(let channels, _), .pictures(let channels, _): channels
    case .scores: 1
    }
  }

  /// Height and width.
  package var size: Int {
    switch self {
    case .planes(_, let size), .pictures(_, let size): size
    case .scores: 1
    }
  }

  /// "64 planes of 8x8", "100 values", "pictures of 3x64x64", "scores": for errors.
  package var description: String {
    switch self {
    case .planes(let channels, 1): "\(channels) values"
    case .planes(let channels, let size): "\(channels) planes of \(size)x\(size)"
    case .pictures(let channels, let size): "pictures of \(channels)x\(size)x\(size)"
    case .scores: "scores"
    }
  }

  /// Whether kernels take such pictures: what the first and the last layers of nets ask for.
  package static func checkPictures(channels: Int, size: Int) throws(GeometryError) {
    try GeometryError.check(("channels of pictures:", channels, 1), ("pictures of size", size, 1))
    guard channels <= 4 else { throw GeometryError("pictures have 1 to 4 channels, not \(channels)") }
    guard channels * size % 16 == 0 else {
      throw GeometryError("a picture's row must be a multiple of 16 numbers, not \(size) pixels of \(channels)")
    }
  }

  /// - Precondition: scores lie without a halo.
  package func layout(halo: Int) -> ActivationLayout {
    switch self {
    case .planes: ActivationLayout(.blocked, channels: channels, height: size, width: size, halo: halo)
    case .pictures: ActivationLayout(.interleaved, channels: channels, height: size, width: size, halo: halo)
    case .scores: .scores
    }
  }
}

extension ActivationLayout {
  /// A Float a picture.
  package static let scores = ActivationLayout(.interleaved, channels: 1, height: 1, width: 1, halo: 0)
}
