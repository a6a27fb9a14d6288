// A file of weights, whoever wrote it: safetensors, or PyTorch's own format. Opening reads and checks what the file
// says of its tensors; their numbers are read when asked for.

import SystemSupport

/// A tensor of a file: its name, and where its numbers are.
package struct StoredTensor: Sendable, Equatable {
  package var name: String
  package var shape: [Int]
  /// Numbers from one index to the next, by dimension.
  package var strides: [Int]
  package var type: ElementType
  /// The first number's place in the file. All of them lie in the file: whoever makes the value has checked that.
  package var start: Int
  /// Of its bytes, where the file says one.
  var checksum: String? = nil

  /// Row-major without gaps.
  var isContiguous: Bool {
    var expected = 1
    for (extent, stride) in zip(shape, strides).reversed() where extent != 1 {
      if stride != expected { return false }
      expected *= extent
    }
    return true
  }
}

package struct WeightsFile: ~Copyable {
  package let path: String
  /// Of a safetensors file; a `.pth` has none.
  package let metadata: [String: String]
  package let tensors: [StoredTensor]
  private let file: InputFile

  /// - Throws: `Failure`; `Failure(.badData)` for a file that is none of these, or breaks its format.
  package init(at path: String) throws {
    let file = try InputFile(at: path)
    let start = try file.bytes(0..<min(file.size, 8))
    do {
      // A safetensors file begins with its header's length, which no file of the others can be taken for.
      let length = start.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      if length <= Safetensors.headerLimit {
        let header = try SafetensorsHeader(of: file)
        tensors = header.entries.map { StoredTensor($0, of: header) }
        metadata = header.metadata
      } else if start.starts(with: [0x50, 0x4b]) {
        tensors = try TorchFile.tensors(of: file)
        metadata = [:]
      } else if start.first == 0x80 {
        // The format before PyTorch 1.6: pickles one after the other.
        throw FormatProblem(
          "a file of PyTorch's format before 1.6, which isn't read: convert it with "
            + "torch.save(torch.load(FILE, map_location=\"cpu\"), FILE)")
      } else {
        throw FormatProblem("neither a safetensors file nor one of torch.save")
      }
    } catch let problem as FormatProblem {
      throw Failure(.badData, "\(path): \(problem)")
    }
    self.path = path
    self.file = file
  }

  /// A tensor's numbers in the order of its shape, under another name.
  package func read(_ tensor: StoredTensor, as name: String) throws -> NamedTensor {
    let count = tensor.shape.reduce(1, *)
    let size = tensor.type.size
    guard count > 0 else { return NamedTensor(name: name, shape: tensor.shape, values: []) }
    let reach = zip(tensor.shape, tensor.strides).reduce(1) { $0 + ($1.0 - 1) * $1.1 }
    let bytes = try file.bytes(tensor.start..<tensor.start + reach * size)
    try TensorChecksums.check(
      { bytes.withUnsafeBytes { TensorChecksums.text(of: $0) } }, of: tensor.name, is: tensor.checksum, path: path)
    let values = tensor.type.values(bytes)
    if tensor.isContiguous { return NamedTensor(name: name, shape: tensor.shape, values: values) }
    var gathered: [Float] = []
    gathered.reserveCapacity(count)
    var index = [Int](repeating: 0, count: tensor.shape.count)
    for _ in 0..<count {
      gathered.append(values[zip(index, tensor.strides).reduce(0) { $0 + $1.0 * $1.1 }])
      for dimension in index.indices.reversed() {
        index[dimension] += 1
        if index[dimension] < tensor.shape[dimension] { break }
        index[dimension] = 0
      }
    }
    return NamedTensor(name: name, shape: tensor.shape, values: gathered)
  }
}

extension StoredTensor {
  init(_ entry: SafetensorsFile.Entry, of header: SafetensorsHeader) {
    var strides = [Int](repeating: 1, count: entry.shape.count)
    for i in strides.indices.dropLast().reversed() {
      // An empty tensor may have any extents.
      strides[i] = strides[i + 1].multipliedReportingOverflow(by: entry.shape[i + 1]).partialValue
    }
    self.init(
      name: entry.name, shape: entry.shape, strides: strides, type: entry.type,
      start: header.dataStart + entry.offsets.lowerBound, checksum: header.checksums[entry.name])
  }
}
