// A convolution with its batch, as benchdnn writes it: `mb64ic64ih32oc128oh16kh4sh2ph1`, optionally with a name:
// `mb64ic3ih64oc64oh32kh4sh2ph1n"critic initial"`. Everything is square, so `iw`, `ow`, `kw`, `sw` and `pw` are implied
// and, where given, must agree; so must `oh`. Without `mb` the batch is the caller's; `sh` is 1 and `ph` 0 where not
// given, as in benchdnn.

import Compute

package struct ShapeError: Error, CustomStringConvertible {
  package let description: String

  init(_ text: some StringProtocol, _ why: String) {
    // One line for a terminal, whatever the file held.
    let shown = text.unicodeScalars.prefix(120).map { $0.properties.generalCategory == .control ? "?" : String($0) }
    description = "\(shown.joined()): \(why)"
  }
}

package struct ConvolutionShape: Hashable, Sendable {
  package let batch: Int
  package let convolution: Convolution
  package let name: String?

  package init(batch: Int, convolution: Convolution, name: String? = nil) {
    self.batch = batch
    self.convolution = convolution
    self.name = name
  }

  /// Without the name: what identifies a row of results.
  package var text: String { "mb\(batch)\(convolution.description)" }

  package var operations: Double { 2 * Double(convolution.multiplyAdds(batch: batch)) }

  /// What must cross from or to memory at least: source, weights and destination (or their gradients), once each.
  package var unavoidableBytes: Double {
    let c = convolution
    let source = batch * c.inputChannels * c.inputSize * c.inputSize
    let destination = batch * c.outputChannels * c.outputSize * c.outputSize
    return 4 * Double(source + c.parameterCount + destination)
  }
}

// MARK: - Parsing

extension ConvolutionShape {
  private static let largest = 1 << 16

  /// - Parameter batch: where the text has no `mb`.
  package init(parsing text: some StringProtocol, batch: Int) throws(ShapeError) {
    func fail(_ why: String) -> ShapeError { ShapeError(text, why) }
    var name: String?
    var body = Substring(text)
    if let quote = body.firstIndex(of: "\"") {
      let inside = body[body.index(after: quote)...]
      guard body[..<quote].hasSuffix("n"), inside.hasSuffix("\""), !inside.dropLast().contains("\"") else {
        throw fail("a name is written n\"like this\" at the end")
      }
      name = String(inside.dropLast())
      body = body[..<quote].dropLast()
    }
    var fields: [Substring: Int] = [:]
    while true {
      body = body.drop { $0 == "_" }
      guard !body.isEmpty else { break }
      let key = body.prefix { $0.isASCII && $0.isLetter }
      let digits = body.dropFirst(key.count).prefix { $0.isASCII && $0.isNumber }
      guard !key.isEmpty else { throw fail("expected a field such as ic64 at \"\(body.prefix(12))\"") }
      guard let value = Int(digits), value <= Self.largest else {
        throw fail("\(key)\(digits): \(digits.isEmpty ? "a number is missing" : "more than \(Self.largest)")")
      }
      guard Self.known.contains(key) else {
        throw fail("\(key) isn't known; there are \(Self.known.joined(separator: " "))")
      }
      guard fields.updateValue(value, forKey: key) == nil else { throw fail("\(key) is there twice") }
      body = body.dropFirst(key.count + digits.count)
    }
    func field(_ key: Substring, default value: Int? = nil) throws(ShapeError) -> Int {
      guard let result = fields[key] ?? value else { throw fail("\(key) is missing, as in mb64ic64ih32oc128kh4sh2ph1") }
      return result
    }
    let images = try field("mb", default: batch)
    let inputs = try field("ic")
    let size = try field("ih")
    let outputs = try field("oc")
    let kernel = try field("kh")
    let stride = try field("sh", default: 1)
    let padding = try field("ph", default: 0)
    for (key, value) in [("mb", images), ("ic", inputs), ("ih", size), ("oc", outputs), ("kh", kernel), ("sh", stride)]
    where value < 1 { throw fail("\(key) must be 1 or more") }
    for (width, height) in [("iw", size), ("kw", kernel), ("sw", stride), ("pw", padding)] as [(Substring, Int)] {
      if let value = fields[width], value != height {
        throw fail("\(width)\(value): only squares, so \(width)\(height)")
      }
    }
    if let groups = fields["g"], groups != 1 { throw fail("g\(groups): no groups here") }
    for key in ["dh", "dw"] as [Substring] {
      if let dilation = fields[key], dilation != 0 { throw fail("\(key)\(dilation): no dilation here") }
    }
    guard size + 2 * padding >= kernel else { throw fail("the kernel is larger than the padded picture") }
    let output = (size + 2 * padding - kernel) / stride + 1
    for key in ["oh", "ow"] as [Substring] {
      if let value = fields[key], value != output {
        throw fail("\(key)\(value): ih\(size)kh\(kernel)sh\(stride)ph\(padding) gives \(key)\(output)")
      }
    }
    switch (kernel, stride, padding) {
    case (4, 2, 1):
      guard size % 8 == 0 else { throw fail("with kh4sh2ph1, ih must be a multiple of 8") }
    case (3, 1, 1):
      guard size % 4 == 0 else { throw fail("with kh3sh1ph1, ih must be a multiple of 4") }
    case (4, 1, 0):
      guard size == 4 else { throw fail("with kh4sh1ph0, ih must be 4") }
    default:
      throw fail("there are kernels for kh4sh2ph1, kh3sh1ph1 and kh4sh1ph0, not kh\(kernel)sh\(stride)ph\(padding)")
    }
    // Few channels at stride 2 are a picture, one output of a 4x4 plane is a score, as in the nets.
    let isPicture = kernel == 4 && stride == 2 && inputs <= 4 && size * inputs % 16 == 0
    let isScore = kernel == 4 && stride == 1 && outputs == 1
    let source = Double(images * inputs) * Double(size * size)
    let destination = Double(images * outputs) * Double(output * output)
    guard max(source, destination, Double(inputs * outputs) * 16) < 0x1p31 else {
      throw fail("a tensor of more than 8 GiB")
    }
    do {
      self.init(
        batch: images,
        convolution: try Convolution(
          isPicture ? .picture : isScore ? .score : .blocked, kernel: kernel, stride: stride, padding: padding,
          inputChannels: inputs, outputChannels: outputs, inputSize: size),
        name: name)
    } catch { throw fail(error.description) }
  }

  private static let known: [Substring] = [
    "g", "mb", "ic", "ih", "iw", "oc", "oh", "ow", "kh", "kw", "sh", "sw", "ph", "pw", "dh", "dw",
  ]

  /// The shapes of a file: one a line; from # on a comment; empty lines don't count.
  package static func parse(
    file text: String, named path: String, batch: Int
  ) throws(ShapeError) -> [ConvolutionShape] {
    var shapes: [ConvolutionShape] = []
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      var shape = line.prefix { $0 != "#" }
      while shape.last?.isWhitespace == true { shape.removeLast() }
      shape = shape.drop { $0.isWhitespace }
      if shape.isEmpty { continue }
      do { shapes.append(try ConvolutionShape(parsing: shape, batch: batch)) } catch {
        throw ShapeError("\(path), line \(index + 1)", error.description)
      }
    }
    guard !shapes.isEmpty else { throw ShapeError(path, "no shapes in it, such as mb64ic64ih32oc128kh4sh2ph1") }
    return shapes
  }
}
