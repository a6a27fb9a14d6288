// A square picture in floating point and the two ways to fill a part of it without jagged edges: by signed distance
// (closed shapes) and by the exact overlap of a pixel's height with a band (thin, tapering shapes such as lips).

import Images

/// Red, green, blue in 0...1 (not linear light; the fourth element is unused).
typealias Colour = SIMD4<Float>

/// A point of the plane, x to the right, y down.
typealias Point = SIMD2<Float>

/// Where the canvas lies in the plane of a drawing: `scale` and `angle` (radians, clockwise), then `origin`.
/// The canvas itself spans -1...1 in both directions.
struct Placement {
  var origin = Point(0, 0)
  var scale: Float = 1
  /// Cosine and sine of the angle.
  var turn = Point(1, 0)

  func toCanvas(_ p: Point) -> Point {
    origin + scale * Point(turn.x * p.x - turn.y * p.y, turn.y * p.x + turn.x * p.y)
  }

  func fromCanvas(_ p: Point) -> Point {
    let d = (p - origin) / scale
    return Point(turn.x * d.x + turn.y * d.y, turn.x * d.y - turn.y * d.x)
  }
}

struct Canvas {
  let size: Int
  private var pixels: [Colour]

  init(size: Int) {
    self.size = size
    pixels = [Colour](repeating: Colour(), count: size * size)
  }

  /// Lays a colour over every pixel whose centre is in the box `low`...`high` (in the drawing's plane).
  /// - Parameter shade: gives, at a point of the drawing's plane and for the pixel's width there, the coverage in 0...1
  ///   and the colour. It's called for the pixels of the box and a few around it.
  @inline(__always)
  mutating func paint(
    _ low: Point, _ high: Point, at placement: Placement = Placement(),
    shade: (_ p: Point, _ pixel: Float) -> (Float, Colour)
  ) {
    let corners = [low, high, Point(low.x, high.y), Point(high.x, low.y)].map(placement.toCanvas)
    var least = corners[0]
    var most = corners[0]
    for corner in corners {
      least = pointwiseMin(least, corner)
      most = pointwiseMax(most, corner)
    }
    let half = Float(size) / 2
    let columns = range(least.x, most.x, half)
    let rows = range(least.y, most.y, half)
    let width = 1 / (half * placement.scale)
    let step = Point(placement.turn.x, -placement.turn.y) * width
    let size = size
    pixels.withUnsafeMutableBufferPointer { pixels in
      for y in rows {
        var p = placement.fromCanvas(
          Point((Float(columns.lowerBound) + 0.5) / half - 1, (Float(y) + 0.5) / half - 1))
        for x in columns {
          let (coverage, colour) = shade(p, width)
          if coverage > 0 {
            let old = pixels[y * size + x]
            pixels[y * size + x] = old + (colour - old) * min(coverage, 1)
          }
          p += step
        }
      }
    }
  }

  /// The pixels whose centres lie in `low`...`high` (canvas units) and one more on both sides.
  private func range(_ low: Float, _ high: Float, _ half: Float) -> Range<Int> {
    let first = max(0, min(Float(size), ((low + 1) * half - 1).rounded(.down)))
    let last = max(first, min(Float(size), ((high + 1) * half + 1).rounded(.up)))
    return Int(first)..<Int(last)
  }

  /// What has been painted, in 8 bits.
  func picture() -> Picture {
    let bytes = [UInt8](unsafeUninitializedCapacity: pixels.count * 3) { bytes, count in
      count = pixels.count * 3
      for (i, colour) in pixels.enumerated() {
        let c = colour.clamped(lowerBound: Colour(), upperBound: Colour(repeating: 1)) * 255
        bytes[3 * i] = UInt8(c.x + 0.5)
        bytes[3 * i + 1] = UInt8(c.y + 0.5)
        bytes[3 * i + 2] = UInt8(c.z + 0.5)
      }
    }
    return Picture(width: size, height: size, channels: 3, pixels: bytes)
  }
}

// MARK: - Coverage

/// The part of a pixel that a shape covers whose outline is `distance` away from the pixel's centre (negative inside).
@inline(__always) func coverage(_ distance: Float, _ pixel: Float) -> Float {
  max(0, min(1, 0.5 - distance / pixel))
}

/// The part of the height of a pixel at `y` that lies between `top` and `bottom`.
@inline(__always) func band(_ y: Float, _ top: Float, _ bottom: Float, _ pixel: Float) -> Float {
  max(0, min(y + 0.5 * pixel, bottom) - max(y - 0.5 * pixel, top)) / pixel
}

/// About the distance of `p` to an ellipse around 0 (exact at the outline to first order).
@inline(__always) func ellipse(_ p: Point, _ radii: Point) -> Float {
  let q = p / radii
  let r = q / radii
  let length = (q * q).sum().squareRoot()
  return length * (length - 1) / max((r * r).sum().squareRoot(), 1e-4)
}

/// 1 at the centre of an ellipse around 0, smoothly down to 0 at its outline.
@inline(__always) func glow(_ p: Point, _ radii: Point) -> Float {
  let q = p / radii
  let rest = max(0, 1 - (q * q).sum())
  return rest * rest
}

/// 0 below `low`, 1 above `high`, smooth between.
@inline(__always) func smoothstep(_ low: Float, _ high: Float, _ x: Float) -> Float {
  let t = max(0, min(1, (x - low) / (high - low)))
  return t * t * (3 - 2 * t)
}

@inline(__always) func mix(_ a: Float, _ b: Float, _ t: Float) -> Float { a + (b - a) * t }
@inline(__always) func mix(_ a: Colour, _ b: Colour, _ t: Float) -> Colour { a + (b - a) * t }
