// Numbers for people.

/// "-0.4477": a number with so many digits behind the point.
package func fixed(_ value: Double, _ digits: Int) -> String {
  guard value.isFinite, abs(value) < 1e12 else { return value.isFinite ? "\(value)" : value.isNaN ? "nan" : "\(value)" }
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  let scaled = Int((abs(value) * scale).rounded())
  let sign = value < 0 && scaled > 0 ? "-" : ""
  if digits == 0 { return "\(sign)\(scaled)" }
  let fraction = String(scaled % Int(scale))
  return "\(sign)\(scaled / Int(scale)).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
}

package func fixed(_ value: Float, _ digits: Int) -> String { fixed(Double(value), digits) }

/// "5e-05", "0.0003125": a number that was computed, with so many digits at most, none of which is a rounding error's.
/// (A Float as it was given is shortest by its own description.)
package func significant(_ value: Double, _ digits: Int) -> String { String(printf: "%.\(digits)g", value) }

/// "2:05", "1:02:05".
package func clockTime(_ seconds: Double) -> String {
  guard seconds.isFinite, seconds < 1e9 else { return "?" }
  let whole = Int(max(0, seconds).rounded())
  func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
  let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
  return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
}

/// "1 picture", "2,450 pictures".
///
/// - Parameter several: of more than one, where it isn't the noun and an "s": "galleries", "files are".
package func counted(_ number: Int, _ noun: String, _ several: String? = nil) -> String {
  "\(grouped(number)) \(number == 1 ? noun : several ?? noun + "s")"
}

/// "3,576,704".
package func grouped(_ number: Int) -> String {
  var digits = String(number.magnitude)
  var groups: [String] = []
  while digits.count > 3 {
    groups.insert(String(digits.suffix(3)), at: 0)
    digits.removeLast(3)
  }
  return (number < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
}
