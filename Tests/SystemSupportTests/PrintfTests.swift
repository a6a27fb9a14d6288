import Foundation
import SystemSupport
import Testing

/// Texts of reports and plots: Foundation says what they must be.
@Suite struct PrintfTests {
  @Test(arguments: ["%g", "%.0e", "%.2f", "%8.2f", "%+.1f", "a %.3f %% b"])
  func writesAsFoundationDoes(format: String) {
    let values = [
      0, -0.0, 1, -1, 0.005, 0.015, 2.5, 1e-300, 123_456.789, -9.995e7, 1e22, .pi, .infinity, -.infinity, .nan,
    ]
    for value in values {
      #expect(String(printf: format, value) == String(format: format, value))
    }
  }

  @Test func takesSeveralNumbersAndNone() {
    #expect(String(printf: "%d of %d: %.1f", 3, 40, 7.25) == "3 of 40: 7.2")
    #expect(String(printf: "nothing") == "nothing")
  }

  /// The longest number that there is, and one that was asked to be longer.
  @Test func longNumbers() {
    let longest = -Double.greatestFiniteMagnitude
    #expect(String(printf: "%f", longest) == String(format: "%f", longest))
    #expect(String(printf: "%.600f", 1.0).utf8.count == 511)
  }
}
