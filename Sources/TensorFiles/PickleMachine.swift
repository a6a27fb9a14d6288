// The pickle of a file of torch.save: a program for a small stack machine. This one knows numbers, texts, containers
// and PyTorch's tensors. It calls nothing: a pickle names functions to be called, and the few names below are
// understood as what they would have made; any other is refused.
//
// Containers are numbered, and values refer to them by number: no value holds another, so a pickle may nest or refer to
// itself as it likes without deep recursion or a cycle in memory.

/// What a pickle may name.
enum PickleSymbol: String {
  case orderedDictionary = "collections.OrderedDict"
  case rebuildTensor = "torch._utils._rebuild_tensor_v2"
  case rebuildParameter = "torch._utils._rebuild_parameter"
  case floatStorage = "torch.FloatStorage"
  case halfStorage = "torch.HalfStorage"
  case bfloat16Storage = "torch.BFloat16Storage"
  case doubleStorage = "torch.DoubleStorage"
  case longStorage = "torch.LongStorage"

  var elementType: ElementType? {
    switch self {
    case .floatStorage: .float32
    case .halfStorage: .float16
    case .bfloat16Storage: .bfloat16
    case .doubleStorage: .float64
    case .longStorage: .int64
    case .orderedDictionary, .rebuildTensor, .rebuildParameter: nil
    }
  }
}

/// Numbers in an entry of the archive.
struct PickledStorage {
  var key: String
  var type: ElementType
  /// Numbers, not bytes.
  var count: Int
}

/// A view of a storage, as the pickle states it: nothing is checked yet.
struct PickledTensor {
  var storage: PickledStorage
  var offset: Int
  var shape: [Int]
  var strides: [Int]
}

enum PickleValue {
  case none
  case boolean
  case integer(Int)
  case real
  case text(String)
  case bytes
  case symbol(PickleSymbol)
  case storage(PickledStorage)
  case tensor(PickledTensor)
  /// Numbers of the machine's containers.
  case tuple(Int)
  case list(Int)
  case dictionary(Int)
}

struct PickleMachine {
  /// So many values at once on the stack, in the memo and in containers together.
  static let valueLimit = 1 << 18
  static let protocols = 2...5

  private(set) var tuples: [[PickleValue]] = []
  private(set) var lists: [[PickleValue]] = []
  private(set) var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
  private var reader: ByteReader
  private var stack: [PickleValue] = []
  /// The stack's heights at the open marks.
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]
  /// Values in containers.
  private var contained = 0

  init(_ bytes: [UInt8]) { reader = ByteReader(bytes, of: "the pickle") }

  /// Runs the program to its end.
  mutating func run() throws(FormatProblem) -> PickleValue {
    guard try reader.byte() == 0x80, Self.protocols.contains(Int(try reader.byte())) else {
      throw FormatProblem("its pickle isn't of protocol 2 to 5")
    }
    while true {
      let opcode = try reader.byte()
      if opcode == UInt8(ascii: ".") { return try pop() }
      try execute(opcode)
      guard stack.count + marks.count + memo.count + contained <= Self.valueLimit else {
        throw FormatProblem("its pickle has more than \(Self.valueLimit) values")
      }
    }
  }

  private mutating func execute(_ opcode: UInt8) throws(FormatProblem) {
    switch opcode {
    // The frame around what follows, and another statement of the protocol.
    case 0x95: _ = try reader.take(8)
    case 0x80: _ = try reader.byte()

    // Plain values.
    case UInt8(ascii: "N"): stack.append(.none)
    case 0x88, 0x89: stack.append(.boolean)
    case UInt8(ascii: "K"): stack.append(.integer(Int(try reader.byte())))
    case UInt8(ascii: "M"): stack.append(.integer(Int(try reader.number(UInt16.self))))
    case UInt8(ascii: "J"): stack.append(.integer(Int(Int32(bitPattern: try reader.number(UInt32.self)))))
    case 0x8a: try pushLong(Int(try reader.byte()))
    case 0x8b: try pushLong(Int(Int32(bitPattern: try reader.number(UInt32.self))))
    case UInt8(ascii: "G"):
      _ = try reader.take(8)
      stack.append(.real)
    case UInt8(ascii: "X"): stack.append(.text(try reader.text(try reader.count(UInt32.self))))
    case 0x8c, UInt8(ascii: "U"): stack.append(.text(try reader.text(try reader.count(UInt8.self))))
    case 0x8d: stack.append(.text(try reader.text(try reader.count(UInt64.self))))
    case UInt8(ascii: "T"): stack.append(.text(try reader.text(try reader.count(UInt32.self))))
    case UInt8(ascii: "C"):
      _ = try reader.take(try reader.count(UInt8.self))
      stack.append(.bytes)
    case UInt8(ascii: "B"):
      _ = try reader.take(try reader.count(UInt32.self))
      stack.append(.bytes)

    // Containers.
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: ")"): pushTuple([])
    case 0x85, 0x86, 0x87: pushTuple(try pop(Int(opcode - 0x84)))
    case UInt8(ascii: "t"): pushTuple(try popToMark())
    case UInt8(ascii: "]"):
      lists.append([])
      contained += 1
      stack.append(.list(lists.count - 1))
    case UInt8(ascii: "l"):
      let items = try popToMark()
      lists.append(items)
      contained += 1 + items.count
      stack.append(.list(lists.count - 1))
    case UInt8(ascii: "}"): pushDictionary()
    case UInt8(ascii: "d"):
      let items = try popToMark()
      pushDictionary()
      try setItems(items)
    case UInt8(ascii: "a"): try append(try pop(1))
    case UInt8(ascii: "e"): try append(try popToMark())
    case UInt8(ascii: "s"): try setItems(try pop(2))
    case UInt8(ascii: "u"): try setItems(try popToMark())

    // The stack and the memo.
    case UInt8(ascii: "0"): _ = try pop()
    case UInt8(ascii: "1"): _ = try popToMark()
    case UInt8(ascii: "2"): stack.append(try top())
    case UInt8(ascii: "q"): memo[try reader.count(UInt8.self)] = try top()
    case UInt8(ascii: "r"): memo[try reader.count(UInt32.self)] = try top()
    case 0x94: memo[memo.count] = try top()
    case UInt8(ascii: "h"): try recall(try reader.count(UInt8.self))
    case UInt8(ascii: "j"): try recall(try reader.count(UInt32.self))

    // What a Python would now look up, call or ask for.
    case UInt8(ascii: "c"): try pushSymbol(module: try reader.line(), name: try reader.line())
    case 0x93:
      guard case let names = try pop(2), case .text(let module) = names[0], case .text(let name) = names[1] else {
        throw FormatProblem("its pickle names something that isn't a text")
      }
      try pushSymbol(module: module, name: name)
    case UInt8(ascii: "R"): try call()
    case UInt8(ascii: "Q"): stack.append(.storage(try storage(try pop())))
    case UInt8(ascii: "b"):
      // The state that PyTorch hangs on a state_dict: its versions, which say nothing about the tensors.
      _ = try pop()
      guard case .dictionary = try top() else { throw FormatProblem("its pickle builds something that isn't a tensor") }

    default:
      let hex = String(opcode, radix: 16)
      throw FormatProblem(
        "its pickle has the operation 0x\(hex), which tensors and containers don't need: save a state_dict by itself, "
          + "torch.save(net.state_dict(), FILE)")
    }
  }

  // MARK: - The stack

  private func top() throws(FormatProblem) -> PickleValue {
    guard let value = stack.last, stack.count > marks.last ?? 0 else { throw underflow }
    return value
  }

  private mutating func pop() throws(FormatProblem) -> PickleValue {
    let value = try top()
    stack.removeLast()
    return value
  }

  private mutating func pop(_ count: Int) throws(FormatProblem) -> [PickleValue] {
    guard stack.count - (marks.last ?? 0) >= count else { throw underflow }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  private mutating func popToMark() throws(FormatProblem) -> [PickleValue] {
    guard let mark = marks.popLast(), mark <= stack.count else { throw underflow }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private var underflow: FormatProblem { FormatProblem("its pickle takes more from the stack than there is") }

  private mutating func recall(_ key: Int) throws(FormatProblem) {
    guard let value = memo[key] else { throw FormatProblem("its pickle refers to a value that it hasn't") }
    stack.append(value)
  }

  private mutating func pushLong(_ count: Int) throws(FormatProblem) {
    guard 0...8 ~= count else { throw FormatProblem("its pickle has a number too large") }
    let bytes = try reader.take(count)
    let isNegative = (bytes.last ?? 0) & 0x80 != 0
    stack.append(.integer(bytes.reversed().reduce(isNegative ? -1 : 0) { $0 << 8 | Int($1) }))
  }

  // MARK: - Containers

  private mutating func pushTuple(_ items: [PickleValue]) {
    tuples.append(items)
    contained += 1 + items.count
    stack.append(.tuple(tuples.count - 1))
  }

  private mutating func pushDictionary() {
    dictionaries.append([])
    contained += 1
    stack.append(.dictionary(dictionaries.count - 1))
  }

  private mutating func append(_ items: [PickleValue]) throws(FormatProblem) {
    guard case .list(let list) = try top() else {
      throw FormatProblem("its pickle appends to something that isn't a list")
    }
    lists[list] += items
    contained += items.count
  }

  private mutating func setItems(_ items: [PickleValue]) throws(FormatProblem) {
    guard case .dictionary(let dictionary) = try top(), items.count % 2 == 0 else {
      throw FormatProblem("its pickle sets an item of something that isn't a dictionary")
    }
    for i in stride(from: 0, to: items.count, by: 2) { dictionaries[dictionary].append((items[i], items[i + 1])) }
    contained += items.count
  }

  // MARK: - PyTorch's objects

  private mutating func pushSymbol(module: String, name: String) throws(FormatProblem) {
    guard let symbol = PickleSymbol(rawValue: module + "." + name) else {
      throw FormatProblem(
        "its pickle names \(shown(module + "." + name)), and only tensors and containers are read: save a state_dict "
          + "by itself, torch.save(net.state_dict(), FILE)")
    }
    stack.append(.symbol(symbol))
  }

  private mutating func call() throws(FormatProblem) {
    let operands = try pop(2)
    guard case .symbol(let symbol) = operands[0], case .tuple(let tuple) = operands[1] else {
      throw FormatProblem("its pickle calls something that isn't a function")
    }
    let arguments = tuples[tuple]
    switch symbol {
    case .orderedDictionary:
      guard arguments.isEmpty else { throw FormatProblem("its pickle makes a dictionary in an unknown way") }
      pushDictionary()
    case .rebuildTensor: stack.append(.tensor(try tensor(arguments)))
    case .rebuildParameter:
      guard let first = arguments.first, case .tensor = first else {
        throw FormatProblem("its pickle makes a parameter of something that isn't a tensor")
      }
      stack.append(first)
    case .floatStorage, .halfStorage, .bfloat16Storage, .doubleStorage, .longStorage:
      throw FormatProblem("its pickle makes a storage in an unknown way")
    }
  }

  /// ("storage", type, key, device, count).
  private func storage(_ value: PickleValue) throws(FormatProblem) -> PickledStorage {
    guard case .tuple(let tuple) = value, tuples[tuple].count == 5, case .text("storage") = tuples[tuple][0],
      case .symbol(let symbol) = tuples[tuple][1], let type = symbol.elementType,
      case .text(let key) = tuples[tuple][2],
      case .integer(let count) = tuples[tuple][4]
    else { throw FormatProblem("its pickle refers to a storage in an unknown way") }
    return PickledStorage(key: key, type: type, count: count)
  }

  /// (storage, offset, shape, strides, requires_grad, hooks, …).
  private func tensor(_ arguments: [PickleValue]) throws(FormatProblem) -> PickledTensor {
    guard arguments.count >= 4, case .storage(let storage) = arguments[0], case .integer(let offset) = arguments[1],
      let shape = try integers(arguments[2]), let strides = try integers(arguments[3])
    else { throw FormatProblem("its pickle makes a tensor in an unknown way") }
    return PickledTensor(storage: storage, offset: offset, shape: shape, strides: strides)
  }

  private func integers(_ value: PickleValue) throws(FormatProblem) -> [Int]? {
    guard case .tuple(let tuple) = value else { return nil }
    // Each tensor has a copy: many of one long shape would take more than any memory.
    guard tuples[tuple].count <= TorchFile.dimensionLimit else {
      throw FormatProblem(
        "its pickle makes a tensor of \(tuples[tuple].count) dimensions, "
          + "at most \(TorchFile.dimensionLimit) are possible")
    }
    var result: [Int] = []
    for item in tuples[tuple] {
      guard case .integer(let number) = item else { return nil }
      result.append(number)
    }
    return result
  }
}
