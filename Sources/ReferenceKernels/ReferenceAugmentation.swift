// Differentiable augmentation, as Zhao, Liu, Lin, Zhu and Han define it ("Differentiable augmentation for
// data-efficient GAN training", NeurIPS 2020, and their DiffAugment_pytorch.py): each change by itself, one after the
// other, of one picture of N.

/// What is drawn for one picture. A change whose number is nil isn't made.
package struct ReferenceAugmentation: Sendable {
  /// Uniform in [0, 1).
  package var brightness: Double?
  package var saturation: Double?
  package var contrast: Double?
  /// Rows and columns, each in -size/8 ... size/8.
  package var translation: (y: Int, x: Int)?
  /// Where the square's middle is: rows and columns, each in 0 ..< size + 1 - (size/2) % 2.
  package var cutout: (y: Int, x: Int)?

  package init() {}

  /// Brightness, saturation, contrast, translation, cutout.
  package func apply(_ x: ReferenceTensor, picture n: Int) -> ReferenceTensor {
    var x = x
    if let brightness { Self.brighten(&x, n, brightness) }
    if let saturation { Self.saturate(&x, n, saturation) }
    if let contrast { Self.changeContrast(&x, n, contrast) }
    if let translation { Self.translate(&x, n, translation) }
    if let cutout { Self.cut(&x, n, cutout) }
    return x
  }

  /// x + (u - 1/2).
  private static func brighten(_ x: inout ReferenceTensor, _ n: Int, _ u: Double) {
    let (channels, height, width) = (x.shape[1], x.shape[2], x.shape[3])
    for c in 0..<channels {
      for y in 0..<height {
        for z in 0..<width { x[n, c, y, z] += u - 0.5 }
      }
    }
  }

  /// (x - m) * 2u + m, m the mean of a pixel's channels.
  private static func saturate(_ x: inout ReferenceTensor, _ n: Int, _ u: Double) {
    let (channels, height, width) = (x.shape[1], x.shape[2], x.shape[3])
    for y in 0..<height {
      for z in 0..<width {
        var mean = 0.0
        for c in 0..<channels { mean += x[n, c, y, z] / Double(channels) }
        for c in 0..<channels { x[n, c, y, z] = (x[n, c, y, z] - mean) * (2 * u) + mean }
      }
    }
  }

  /// (x - M) * (u + 1/2) + M, M the mean of the picture.
  private static func changeContrast(_ x: inout ReferenceTensor, _ n: Int, _ u: Double) {
    let (channels, height, width) = (x.shape[1], x.shape[2], x.shape[3])
    var mean = 0.0
    for c in 0..<channels {
      for y in 0..<height {
        for z in 0..<width { mean += x[n, c, y, z] / Double(channels * height * width) }
      }
    }
    for c in 0..<channels {
      for y in 0..<height {
        for z in 0..<width { x[n, c, y, z] = (x[n, c, y, z] - mean) * (u + 0.5) + mean }
      }
    }
  }

  /// (y, x) becomes what was at (y + t.y, x + t.x); outside of the picture there are zeros.
  private static func translate(_ x: inout ReferenceTensor, _ n: Int, _ t: (y: Int, x: Int)) {
    let (channels, height, width) = (x.shape[1], x.shape[2], x.shape[3])
    let before = x
    for c in 0..<channels {
      for y in 0..<height {
        for z in 0..<width {
          let isInside = (0..<height).contains(y + t.y) && (0..<width).contains(z + t.x)
          x[n, c, y, z] = isInside ? before[n, c, y + t.y, z + t.x] : 0
        }
      }
    }
  }

  /// Zeros in a square of half the size; of one that begins before the edge or ends behind it, the part that's inside.
  private static func cut(_ x: inout ReferenceTensor, _ n: Int, _ middle: (y: Int, x: Int)) {
    let (channels, height, width) = (x.shape[1], x.shape[2], x.shape[3])
    let (cutHeight, cutWidth) = (height / 2, width / 2)
    for i in 0..<cutHeight {
      for j in 0..<cutWidth {
        let y = min(max(i + middle.y - cutHeight / 2, 0), height - 1)
        let z = min(max(j + middle.x - cutWidth / 2, 0), width - 1)
        for c in 0..<channels { x[n, c, y, z] = 0 }
      }
    }
  }
}
