// What numbers products multiply. Sums are Floats always, and so is all that lies in memory between layers.

import Kernels

/// The precision of what convolutions multiply. Each gives the same bits for any number of threads; a run keeps the one
/// that it began with.
public enum Precision: String, Codable, Sendable, CaseIterable {
  /// Floats.
  case float32 = "fp32"
  /// Numbers rounded to bf16, in the convolutions between a net's first and last layers. The processor must have
  /// AVX512_BF16.
  case bfloat16 = "bf16"
}

extension Precision {
  /// Of a number.
  var bytes: Int { 4 / numbersOfCell }

  /// Of a cell, the 4 bytes that a Float takes: what operands are counted in.
  var numbersOfCell: Int {
    switch self {
    case .float32: 1
    case .bfloat16: 2
    }
  }
}

extension Device {
  package func supports(_ precision: Precision) -> Bool { refusal(precision) == nil }

  /// Why it can't multiply numbers of `precision`, and what mends that; nil: it can.
  package func refusal(_ precision: Precision) -> String? {
    if precision == .float32 || pairKernels != nil { return nil }
    return Self.supportsBFloat16
      ? "needs AVX512_BF16, which the \(instructionSet.rawValue) kernels do without: unset WGAN_ISA"
      : "needs AVX512_BF16, which this processor (or its operating system) hasn't: take one that has it"
  }

  func multiplyTile(_ precision: Precision) -> KernelTable.Multiply {
    precision == .float32 ? kernels.multiplyTile : pairs.multiplyTile
  }

  func weightsTile(_ precision: Precision) -> KernelTable.Weights {
    precision == .float32 ? kernels.weightsTile : pairs.weightsTile
  }

  func transformTile(_ precision: Precision) -> KernelTable.Transform {
    precision == .float32 ? kernels.transformTile : pairs.transformTile
  }

  /// - Precondition: the device supports bf16.
  var pairs: PairKernels {
    guard let pairKernels else { preconditionFailure("the \(instructionSet) kernels multiply no bf16") }
    return pairKernels
  }
}
