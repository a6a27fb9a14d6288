// The plots' colours: colour-blind people tell them apart (Okabe and Ito's).

package enum PlotColor {
  package static let text = "#222222"
  package static let quiet = "#666666"
  package static let grid = "#e3e3e3"
  package static let axis = "#888888"
  package static let bar = "#d55e00"
  package static let blue = "#0072b2"
  package static let orange = "#e69f00"
  package static let green = "#009e73"
  package static let pink = "#cc79a7"
  package static let sky = "#56b4e9"
  package static let yellow = "#f0e442"
  package static let vermilion = "#d55e00"
  package static let grey = "#999999"
  package static let black = "#222222"
}
