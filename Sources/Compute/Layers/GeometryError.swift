// Why no kernel here runs a layer of some shape.

/// One line that goes on from the layer's name: "pyramid.0.conv: a 4x4 kernel at stride 2 wants ...".
package struct GeometryError: Error, Hashable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

extension GeometryError {
  /// The most that an extent may be: products of three of them don't overflow.
  package static let largestExtent = 1 << 20
  /// The most multiply-adds of a layer and a picture: hundreds of times those of the largest nets that we train.
  static let mostMultiplyAdds = 0x1p42

  /// Every extent is 1 or more (a padding 0), and none so large that arithmetic on it could overflow.
  package static func check(_ extents: (name: String, value: Int, least: Int)...) throws(GeometryError) {
    for extent in extents where !(extent.least...largestExtent).contains(extent.value) {
      throw GeometryError("\(extent.name) \(extent.value): must be from \(extent.least) to \(largestExtent)")
    }
  }
}
