// NumPy's format for one array (.npy), as numpy.save writes it.
//
//     6 bytes   93 "NUMPY"
//     2 bytes   the format's version: 1.0; 2.0 and 3.0, whose length has four bytes
//     2 bytes   length N of the header, little-endian
//     N bytes   a literal of Python: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 100), }
//     the rest  the numbers
//
// Reading trusts nothing: what the header says must be the file's size.

import SystemSupport

package enum NumPyFile {
  package static let signature: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// The array of float32 numbers, in the order of its shape.
  ///
  /// - Throws: `Failure`; `Failure(.badData)` for a file that breaks the format, or has other numbers.
  package static func read(_ path: String) throws -> NamedTensor {
    let file = try InputFile(at: path)
    do {
      let (header, start) = try header(of: file)
      let shape = try shape(of: header, numbers: (file.size - start) / 4, rest: (file.size - start) % 4)
      let bytes = try file.bytes(start..<file.size)
      return NamedTensor(name: splitPath(path).name, shape: shape, values: ElementType.float32.values(bytes))
    } catch let problem as FormatProblem {
      throw Failure(.badData, "\(path): \(problem)")
    }
  }

  /// A file's bytes, version 1.0. The header is filled up so that the numbers begin at a multiple of 64.
  ///
  /// - Precondition: there are as many numbers as the shape says.
  package static func bytes(shape: [Int], _ values: [Float]) -> [UInt8] {
    precondition(values.count == shape.reduce(1, *), "an array has the numbers of its shape")
    let extents = shape.map { "\($0)" }.joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(extents)), }"
    let blanks = (64 - (signature.count + 4 + header.utf8.count + 1) % 64) % 64
    let length = header.utf8.count + blanks + 1
    var bytes = signature + [1, 0, UInt8(length & 0xff), UInt8(length >> 8)]
    bytes += header.utf8
    bytes += [UInt8](repeating: UInt8(ascii: " "), count: blanks)
    bytes.append(UInt8(ascii: "\n"))
    for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 } }
    return bytes
  }

  private static func header(of file: borrowing InputFile) throws -> (text: String, dataStart: Int) {
    var reader = ByteReader(try file.bytes(0..<min(file.size, 12)), of: "the .npy file")
    guard try reader.take(6).elementsEqual(signature) else { throw FormatProblem("isn't a .npy file") }
    let version = try reader.byte()
    _ = try reader.byte()
    guard 1...3 ~= version else { throw FormatProblem("a .npy file of version \(version), which isn't read") }
    let length = version == 1 ? try reader.count(UInt16.self) : try reader.count(UInt32.self)
    guard length <= 1 << 16, length <= file.size - reader.position else {
      throw FormatProblem("the .npy file ends early, or its header is damaged")
    }
    let end = reader.position + length
    guard let text = String(validating: try file.bytes(reader.position..<end), as: UTF8.self) else {
      throw FormatProblem("the .npy file's header isn't text")
    }
    return (text, end)
  }

  private static func shape(of header: String, numbers: Int, rest: Int) throws(FormatProblem) -> [Int] {
    // {, descr, ": ", <f4, ", ", fortran_order, ": False, ", shape, ": (3, 100), }"
    let parts = header.split(separator: "'", omittingEmptySubsequences: false)
    func place(of key: String) -> Int? { parts.firstIndex { $0 == key } }
    func part(_ place: Int) -> Substring { place < parts.count ? parts[place] : "" }
    guard let typePlace = place(of: "descr"), part(typePlace + 1).allSatisfy({ $0 == ":" || $0 == " " }),
      let orderPlace = place(of: "fortran_order"), let shapePlace = place(of: "shape"),
      let extents = part(shapePlace + 1).split(separator: "(").dropFirst().first?.prefix(while: { $0 != ")" })
    else { throw FormatProblem("the .npy file's header is damaged, or its array has fields") }
    let type = part(typePlace + 2)
    guard type == "<f4" else {
      throw FormatProblem("has numbers of the type \(shown(type)), not float32: save it with .astype(\"<f4\")")
    }
    if part(orderPlace + 1).contains("T") {
      throw FormatProblem("is in Fortran's order of rows and columns: save it with numpy.ascontiguousarray")
    }
    let shape = extents.split { $0 == "," || $0 == " " }.map { Int($0) ?? -1 }
    let count = shape.reduce((value: 1, isPossible: true)) { count, extent in
      let (product, overflow) = count.value.multipliedReportingOverflow(by: extent)
      return (product, count.isPossible && !overflow && extent >= 0)
    }
    guard count.isPossible, count.value == numbers, rest == 0 else {
      throw FormatProblem("a .npy file of shape \(shape) with \(numbers) numbers: it ends early, or is damaged")
    }
    return shape
  }
}
