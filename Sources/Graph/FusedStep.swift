// Fusion: a list of layers becomes a list of steps, each a convolution (as linear layers are, too) with what follows
// it. A step is what the executor runs forward with at most two passes over memory, and backward with at most three.

import Compute
import SystemSupport

/// A convolution (or a transposed one, or a linear layer) with the activation, norm or tanh that follow it.
package struct FusedStep: Sendable {
  package enum Order: Sendable {
    case activationThenNorm
    case normThenActivation
  }

  package let name: String
  /// The convolution; of a transposed one, the convolution whose backwardData it is.
  package let convolution: Convolution
  package let isTransposed: Bool
  /// Where the step is a linear layer: what the convolution is of, and the bias.
  package let linear: Linear?
  package let norm: BatchNorm?
  package let normName: String
  package let order: Order
  /// The activation's slope; nil where there is none.
  package let slope: Float?
  package let tanh: Bool

  package var inputChannels: Int { isTransposed ? convolution.outputChannels : convolution.inputChannels }
  package var outputChannels: Int { isTransposed ? convolution.inputChannels : convolution.outputChannels }
  package var inputSize: Int { isTransposed ? convolution.outputSize : convolution.inputSize }
  package var outputSize: Int { isTransposed ? convolution.inputSize : convolution.outputSize }

  package var writesPicture: Bool { isTransposed && convolution.form == .picture }
  package var writesScore: Bool { convolution.form == .score }

  /// The activation that the convolution's epilogue applies.
  var epilogueSlope: Float { norm == nil || order == .activationThenNorm ? slope ?? 1 : 1 }
  /// The activation that the norm applies to its output.
  var normOutputSlope: Float { order == .normThenActivation ? slope ?? 1 : 1 }
  /// The activation whose output the norm reads.
  var normInputSlope: Float { order == .activationThenNorm ? slope ?? 1 : 1 }

  /// Zeros around this step's input, so that its own passes can read it.
  var inputHalo: Int { isTransposed ? convolution.gradientHalo : convolution.sourceHalo }
  /// Zeros around the gradient of the convolution's output.
  var gradientHalo: Int { isTransposed ? convolution.sourceHalo : convolution.gradientHalo }
}

package struct NetworkError: ClassifiedError {
  package let description: String
  package var failureKind: FailureKind { .usage }
}

extension Network {
  /// The steps of this net.
  ///
  /// - Throws: a line that names the layer which can't follow those before it.
  package func fused() throws(NetworkError) -> [FusedStep] {
    var steps: [FusedStep] = []
    var channels: Int
    var size: Int
    var isPicture: Bool
    switch input {
    case .pictures(let count, let side): (channels, size, isPicture) = (count, side, true)
    case .vectors(let count): (channels, size, isPicture) = (count, 1, false)
    }
    var rest = layers[...]
    while let layer = rest.popFirst() {
      let name: String
      let convolution: Convolution
      let isTransposed: Bool
      var linear: Linear?
      switch layer {
      case .convolution(let layerName, let outputs, let kernel, let stride, let padding):
        name = layerName
        isTransposed = false
        let isScore = outputs == 1 && kernel == 4 && stride == 1 && padding == 0 && rest.isEmpty
        convolution = Convolution(
          isPicture ? .picture : isScore ? .score : .blocked, kernel: kernel, stride: stride, padding: padding,
          inputChannels: channels, outputChannels: outputs, inputSize: size)
      case .transposedConvolution(let layerName, let outputs, let kernel, let stride, let padding):
        name = layerName
        isTransposed = true
        convolution = Convolution(
          rest.first == .tanh ? .picture : .blocked, kernel: kernel, stride: stride, padding: padding,
          inputChannels: outputs, outputChannels: channels, inputSize: (size - 1) * stride + kernel - 2 * padding)
      case .linear(let layerName, let outputs):
        name = layerName
        let made: Linear
        if isPicture {
          made = Linear(fromPicturesOf: channels, size: size, outputs: outputs)
        } else if size > 1 {
          throw NetworkError(description: "\(self.name): \(name) takes vectors or pictures, not planes inside a net")
        } else if case .view(let pictureChannels, let side) = rest.first {
          guard outputs == pictureChannels * side * side else {
            throw NetworkError(
              description: "\(self.name): \(outputs) values of \(name) aren't \(pictureChannels)x\(side)x\(side)")
          }
          rest.removeFirst()
          made = Linear(inputs: channels, toPicturesOf: pictureChannels, size: side)
        } else {
          made = Linear(inputs: channels, outputs: outputs, isScore: outputs == 1 && rest.isEmpty)
        }
        (convolution, isTransposed, linear) = (made.convolution, made.makesPictures, made)
      case .activation, .batchNorm, .tanh, .view:
        throw NetworkError(description: "\(self.name): \(layer) follows no convolution")
      }
      var norm: BatchNorm?
      var normName = ""
      var order = FusedStep.Order.activationThenNorm
      var slope: Float?
      var tanh = false
      let outputs = isTransposed ? convolution.inputChannels : convolution.outputChannels
      let outputSize = isTransposed ? convolution.inputSize : convolution.outputSize
      loop: while let next = rest.first {
        switch next {
        case .activation(let value) where slope == nil && !tanh:
          slope = value
          if norm != nil { order = .normThenActivation }
        case .batchNorm(let name) where norm == nil && !tanh:
          norm = BatchNorm(channels: outputs, size: outputSize)
          normName = name
        case .tanh where slope == nil && norm == nil && !tanh:
          tanh = true
        default:
          break loop
        }
        rest.removeFirst()
      }
      let step = FusedStep(
        name: name, convolution: convolution, isTransposed: isTransposed, linear: linear, norm: norm,
        normName: normName, order: order, slope: slope, tanh: tanh)
      if step.writesPicture && (norm != nil || slope != nil || tanh && linear != nil) {
        let followers = linear == nil ? "only tanh" : "nothing"
        throw NetworkError(description: "\(self.name): \(name) makes pictures; \(followers) may follow it")
      }
      steps.append(step)
      (channels, size, isPicture) = (step.outputChannels, step.outputSize, step.writesPicture)
    }
    guard let last = steps.last, last.writesPicture || last.writesScore else {
      throw NetworkError(description: "\(name): the last step must make a picture or a score")
    }
    return steps
  }
}
