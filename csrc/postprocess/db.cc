#include "postprocess/db.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "core/error.h"
#include "postprocess/contour.h"
#include "postprocess/min_area_rect.h"
#include "postprocess/offset.h"
#include "postprocess/polygon.h"

namespace hpinfer::postprocess {
namespace {

constexpr double kSimplification = 0.002;  // of the perimeter
constexpr int kGrownMargin = 2;            // added to min_size for grown regions

void check_options(const DbOptions& options, const DbGeometry& geometry) {
  check(geometry.map_height > 0 && geometry.map_width > 0, ErrorCode::kInvalidInput,
        "a probability map must have at least one cell; got ", geometry.map_height, "x",
        geometry.map_width);
  check(geometry.source_height > 0 && geometry.source_width > 0, ErrorCode::kInvalidInput,
        "the source picture must have at least one pixel; got ", geometry.source_height, "x",
        geometry.source_width);
  check(std::isfinite(options.unclip_ratio) && options.unclip_ratio > 0, ErrorCode::kConfig,
        "unclip_ratio must be a number above 0; got ", options.unclip_ratio);
  check(options.max_candidates > 0, ErrorCode::kConfig, "max_candidates must be above 0; got ",
        options.max_candidates);
}

float short_side(const RotatedRect& rect) { return std::min(rect.width, rect.height); }

// How far a region grows: by its area over its perimeter; a single point does not. Not further than
// leaves the map on every side: arcs of a greater radius take time and end at the map's edge
// anyway.
template <typename Points>
double growth(const Points& points, double ratio, double farthest) {
  using Point = typename Points::value_type;
  const std::span<const Point> view(points);
  const double length = perimeter(view);
  return length > 0 ? std::min(area(view) * ratio / length, farthest) : 0;
}

class DbDecoder {
 public:
  DbDecoder(const float* probabilities, const DbGeometry& geometry, const DbOptions& options)
      : options_(options),
        geometry_(geometry),
        scale_x_(static_cast<double>(geometry.source_width) / geometry.map_width),
        scale_y_(static_cast<double>(geometry.source_height) / geometry.map_height),
        farthest_(4.0 * (static_cast<double>(geometry.map_width) + geometry.map_height)),
        mean_({probabilities, geometry.map_height, geometry.map_width}) {}

  std::optional<TextRegion> decode(std::span<const Point2i> contour) {
    return options_.box_type == DbBoxType::kQuad ? decode_quad(contour) : decode_polygon(contour);
  }

 private:
  // Not `score < box_thresh`: a region of NaN is kept, as by the reference.
  bool is_weak(double score) const { return options_.box_thresh > score; }

  std::optional<TextRegion> decode_quad(std::span<const Point2i> contour) {
    const RotatedRect rect = min_area_rect(contour);
    if (short_side(rect) < static_cast<float>(options_.min_size)) return std::nullopt;
    const Quad corners = order_corners(box_points(rect));
    const double score = options_.score_mode == DbScoreMode::kFast
                             ? mean_.over(std::span<const Point2f>(corners))
                             : mean_.over(contour);
    if (is_weak(score)) return std::nullopt;

    Polygon whole;
    for (const Point2f& corner : corners)
      whole.push_back({static_cast<int>(corner.x), static_cast<int>(corner.y)});
    const std::vector<Polygon> grown =
        offset_polygon(whole, growth(corners, options_.unclip_ratio, farthest_));
    if (grown.empty()) return std::nullopt;
    const RotatedRect grown_rect = min_area_rect(grown.front());
    if (is_small(grown_rect)) return std::nullopt;
    TextRegion region{{}, score};
    for (const Point2f& corner : order_corners(box_points(grown_rect)))
      region.polygon.push_back(
          to_source(static_cast<double>(corner.x), static_cast<double>(corner.y)));
    return region;
  }

  std::optional<TextRegion> decode_polygon(std::span<const Point2i> contour) {
    const Polygon simple = simplify(contour, kSimplification * perimeter(contour));
    if (simple.size() < 4) return std::nullopt;
    const double score = mean_.over(std::span<const Point2i>(simple));
    if (is_weak(score)) return std::nullopt;

    const std::vector<Polygon> grown =
        offset_polygon(simple, growth(simple, options_.unclip_ratio, farthest_));
    if (grown.size() != 1 || is_small(min_area_rect(grown.front()))) return std::nullopt;
    TextRegion region{{}, score};
    for (const Point2i& corner : grown.front())
      region.polygon.push_back(to_source(corner.x, corner.y));
    return region;
  }

  bool is_small(const RotatedRect& rect) const {
    return short_side(rect) < static_cast<float>(options_.min_size + kGrownMargin);
  }

  Point2i to_source(double x, double y) const {
    const auto place = [](double value, int limit) {
      return static_cast<int>(std::clamp(std::nearbyint(value), 0., static_cast<double>(limit)));
    };
    return {place(x * scale_x_, geometry_.source_width),
            place(y * scale_y_, geometry_.source_height)};
  }

  const DbOptions& options_;
  const DbGeometry& geometry_;
  double scale_x_;
  double scale_y_;
  double farthest_;  // that a region grows
  PolygonMean mean_;
};

}  // namespace

std::vector<TextRegion> decode_db(const float* probabilities, const DbGeometry& geometry,
                                  const DbOptions& options) {
  check_options(options, geometry);
  Bitmap map = binarize(probabilities, geometry.map_height, geometry.map_width, options.thresh);
  if (options.use_dilation) map = dilate_2x2(map);
  const Contours contours = find_contours(std::move(map));
  const std::size_t candidates =
      std::min(contours.size(), static_cast<std::size_t>(options.max_candidates));
  DbDecoder decoder(probabilities, geometry, options);
  std::vector<TextRegion> regions;
  for (std::size_t i = 0; i < candidates; ++i) {
    if (std::optional<TextRegion> region = decoder.decode(contours[i]))
      regions.push_back(std::move(*region));
  }
  return regions;
}

}  // namespace hpinfer::postprocess
