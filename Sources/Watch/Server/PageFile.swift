// The page's own files, which are in the binary.

package struct PageFile: Equatable, Sendable {
  package let path: String
  package let type: String
  package let bytes: [UInt8]

  package static func == (a: PageFile, b: PageFile) -> Bool { a.path == b.path }

  package static let all = [
    PageFile(path: "/", type: "text/html; charset=utf-8", bytes: PackageResources.index_html),
    PageFile(path: "/style.css", type: "text/css; charset=utf-8", bytes: PackageResources.style_css),
    script("main", PackageResources.main_js), script("now", PackageResources.now_js),
    script("curves", PackageResources.curves_js), script("chart", PackageResources.chart_js),
    script("pictures", PackageResources.pictures_js), script("explorer", PackageResources.explorer_js),
    PageFile(path: "/icon.svg", type: "image/svg+xml", bytes: PackageResources.icon_svg),
  ]

  private static func script(_ name: String, _ bytes: [UInt8]) -> PageFile {
    PageFile(path: "/\(name).js", type: "text/javascript; charset=utf-8", bytes: bytes)
  }
}
