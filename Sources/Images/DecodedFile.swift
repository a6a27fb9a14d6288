// What comes of a picture's file: the picture, what is odd about it, and which bytes it was made of.

import SystemSupport

/// Something about a picture that is read all the same, and that a person may want to know.
package enum PictureRemark: Int, Hashable, CaseIterable, Sendable, Comparable {
  /// A JPEG without its end marker. Its pixels are all there.
  case noEnd
  /// A PNG that says its colours aren't sRGB (cICP). They are taken as they are.
  case otherColours

  package static func < (a: PictureRemark, b: PictureRemark) -> Bool { a.rawValue < b.rawValue }

  /// A line about all pictures that it is to be said of.
  fileprivate func note(count: Int, first: some FilePathConvertible) -> String {
    let (pictures, isOne) = (counted(count, "picture"), count == 1)
    let what =
      switch self {
      case .noEnd: isOne ? "has no end marker, but all its pixels" : "have no end marker, but all their pixels"
      case .otherColours:
        (isOne ? "says its" : "say their") + " colours aren't sRGB (cICP); they are taken as if they were"
      }
    return "\(pictures) \(what)" + (isOne ? ": \(first)" : " (the first: \(first))")
  }
}

/// Of how many pictures something is to be said, and which is the first of them.
package struct RemarkCounts: Sendable {
  private var found: [PictureRemark: (count: Int, first: Int)] = [:]

  package init() {}

  /// - Parameter number: the picture's, in an order of the caller's.
  package mutating func add(_ remarks: Set<PictureRemark>, of number: Int) {
    for remark in remarks {
      let (count, first) = found[remark] ?? (0, number)
      found[remark] = (count + 1, min(first, number))
    }
  }

  /// A line each.
  package func notes<Name: FilePathConvertible>(_ name: (_ number: Int) -> Name) -> [String] {
    found.sorted { $0.key < $1.key }.map { $0.note(count: $1.count, first: name($1.first)) }
  }
}

package struct DecodedFile: Sendable {
  package var picture: Picture
  package var remarks: Set<PictureRemark>
  /// Of the file's bytes.
  package var checksum: UInt64

  init(_ output: CodecOutput, of bytes: [UInt8]) {
    (picture, remarks, checksum) = (output.finished(), output.remarks, ContentChecksum.of(bytes))
  }
}

/// Bytes that a picture takes while it's decoded, its file's not counted.
struct MemoryNeed {
  /// Of the picture as it was asked for.
  var result: Int
  /// Of whatever else is there at the same time.
  var rest: Int

  var all: Int { result + rest }
}
