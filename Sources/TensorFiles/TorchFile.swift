// A file of torch.save (`.pth`, `.pt`): a zip archive with a pickle, which says what the tensors are, and their numbers
// in entries of their own.
//
//     NAME/data.pkl      the pickle
//     NAME/data/0 …      a storage each: its numbers, one after the other
//     NAME/byteorder     "little"
//
// Tensors of inner dictionaries have the path as their name: "state_dict.initial.conv.weight".

import SystemSupport

enum TorchFile {
  static let pickleLimit = 4 << 20
  static let tensorLimit = 1 << 14
  static let depthLimit = 8
  static let dimensionLimit = 16

  /// - Throws: `FormatProblem`, `Failure`.
  static func tensors(of file: borrowing InputFile) throws -> [StoredTensor] {
    let entries = try ZipDirectory(of: file).entries
    let suffix = "/data.pkl"
    guard let name = entries.keys.filter({ $0.hasSuffix(suffix) && $0.count { $0 == "/" } == 1 }).min(),
      let place = entries[name]
    else { throw FormatProblem("a zip, but none of PyTorch's: it has no data.pkl") }
    let root = name.dropLast(suffix.count)
    guard place.count <= pickleLimit else {
      throw FormatProblem("a pickle of \(place.count) bytes, at most \(pickleLimit) are read")
    }
    if let order = entries[root + "/byteorder"] {
      guard order.count <= 16, try file.bytes(order) == Array("little".utf8) else {
        throw FormatProblem("its numbers aren't little-endian")
      }
    }
    var machine = PickleMachine(try file.bytes(place))
    let top = try machine.run()
    return try namedTensors(top, machine).map { name, tensor in
      guard let bytes = entries["\(root)/data/\(tensor.storage.key)"] else {
        throw FormatProblem("tensor \(shown(name)): its storage \(shown(tensor.storage.key)) isn't in the file")
      }
      return try stored(name, tensor, in: bytes)
    }
  }

  /// The tensors that can be reached from `top`, by their paths.
  private static func namedTensors(_ top: PickleValue, _ machine: PickleMachine) throws(FormatProblem)
    -> [(name: String, tensor: PickledTensor)]
  {
    var result: [(name: String, tensor: PickledTensor)] = []
    var places: [String: Int] = [:]
    var visits = 0
    func count(depth: Int) throws(FormatProblem) {
      visits += 1
      guard visits <= PickleMachine.valueLimit, depth <= depthLimit, result.count < tensorLimit else {
        throw FormatProblem("its dictionaries are nested too deep, or hold too many tensors")
      }
    }
    func visit(_ value: PickleValue, _ path: String, depth: Int) throws(FormatProblem) {
      try count(depth: depth)
      func visitChild(_ child: PickleValue, _ key: String) throws(FormatProblem) {
        guard path.utf8.count + key.utf8.count < 1 << 10 else { throw FormatProblem("its tensors' names are too long") }
        try visit(child, path.isEmpty ? key : path + "." + key, depth: depth + 1)
      }
      switch value {
      case .tensor(let tensor):
        // A key that is set twice has the later value, as in Python.
        if let place = places.updateValue(result.count, forKey: path) {
          result[place].tensor = tensor
          places[path] = place
        } else {
          result.append((path, tensor))
        }
      case .dictionary(let dictionary):
        for (key, value) in machine.dictionaries[dictionary] {
          switch key {
          case .text(let text): try visitChild(value, text)
          case .integer(let number): try visitChild(value, String(number))
          // Passed over, and counted all the same: a dictionary of many may be looked at many times.
          default: try count(depth: depth)
          }
        }
      case .list(let list):
        for (i, value) in machine.lists[list].enumerated() { try visitChild(value, String(i)) }
      case .tuple(let tuple):
        for (i, value) in machine.tuples[tuple].enumerated() { try visitChild(value, String(i)) }
      case .none, .boolean, .integer, .real, .text, .bytes, .symbol, .storage: break
      }
    }
    guard case .dictionary = top else { throw FormatProblem("holds no dictionary of tensors (a state_dict)") }
    try visit(top, "", depth: 0)
    return result
  }

  /// Checks that the view lies in its storage, and the storage in the file.
  private static func stored(_ name: String, _ tensor: PickledTensor, in bytes: Range<Int>) throws(FormatProblem)
    -> StoredTensor
  {
    func bad(_ what: String) -> FormatProblem { FormatProblem("tensor \(shown(name)): \(what)") }
    let (storage, size) = (tensor.storage, tensor.storage.type.size)
    guard storage.count >= 0, storage.count <= bytes.count / size else {
      throw bad("its storage has \(bytes.count) bytes, \(storage.count) numbers of \(size) were said to be in it")
    }
    guard tensor.strides.count == tensor.shape.count,
      tensor.shape.allSatisfy({ $0 >= 0 }), tensor.strides.allSatisfy({ $0 >= 0 }), tensor.offset >= 0
    else { throw bad("its shape, strides or offset aren't possible") }
    // One past the last number, and how many numbers there are.
    var (end, count) = (tensor.offset, 1)
    for (extent, stride) in zip(tensor.shape, tensor.strides) {
      let (reach, overflow) = max(0, extent - 1).multipliedReportingOverflow(by: stride)
      let (sum, overflow2) = end.addingReportingOverflow(reach)
      let (product, overflow3) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, !overflow2, !overflow3 else { throw bad("its shape has more numbers than fit") }
      (end, count) = (sum, product)
    }
    guard count == 0 || end < storage.count else { throw bad("reaches past the end of its storage") }
    // An expanded tensor repeats numbers: a few bytes could ask for any amount of memory.
    guard count <= storage.count else { throw bad("has more numbers than its storage: save it as .contiguous()") }
    return StoredTensor(
      name: name, shape: tensor.shape, strides: tensor.strides, type: storage.type,
      start: bytes.lowerBound + (count == 0 ? 0 : tensor.offset * size))
  }
}
