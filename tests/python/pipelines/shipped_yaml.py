"""Pipeline files in the form that PaddleX ships, with models that can be had or built.

Words in braces are filled in by the tests with ``str.format``: directories of models, and switches.
"""

from __future__ import annotations

import textwrap


def _inside(text, spaces):
    """`text` as part of a larger file."""
    return textwrap.indent(text.strip("\n"), " " * spaces)


def _single_model(pipeline, module, model, settings):
    return f"""
pipeline_name: {pipeline}

SubModules:
  {module}:
    module_name: {pipeline}
    model_name: {model}
    model_dir: {{directory}}
{_inside(settings, 4)}
"""


CLASSIFICATION = _single_model(
    "image_classification", "ImageClassification", "colours", "batch_size: 4\ntopk: {topk}"
)
DETECTION = _single_model(
    *("object_detection", "ObjectDetection", "tiny"),
    "batch_size: 1\nimg_size: null\nthreshold: {threshold}",
)
SEGMENTATION = _single_model(
    *("semantic_segmentation", "SemanticSegmentation", "tiny"),
    "batch_size: 1\ntarget_size: {target_size}",
)
INSTANCES = _single_model(
    *("instance_segmentation", "InstanceSegmentation", "tiny"),
    "batch_size: 1\nthreshold: {threshold}",
)

DOCUMENT = """
pipeline_name: doc_preprocessor

use_doc_orientation_classify: True
use_doc_unwarping: True

SubModules:
  DocOrientationClassify:
    module_name: doc_text_orientation
    model_name: PP-LCNet_x1_0_doc_ori
    model_dir: {orientation}
  DocUnwarping:
    module_name: image_unwarping
    model_name: UVDoc
    model_dir: {unwarping}
"""

#: Document pre-processing as part of others: turning with real weights, no unwarping.
_TURNING = """
DocPreprocessor:
  pipeline_name: doc_preprocessor
  use_doc_orientation_classify: True
  use_doc_unwarping: False
  SubModules:
    DocOrientationClassify:
      module_name: doc_text_orientation
      model_name: PP-LCNet_x1_0_doc_ori
      model_dir: null
"""
_TURNING_AND_UNWARPING = (
    _TURNING.replace("use_doc_unwarping: False", "use_doc_unwarping: True")
    + """      batch_size: 1
    DocUnwarping:
      module_name: image_unwarping
      model_name: UVDoc
      model_dir: null
      batch_size: 1
"""
)


def _ocr(name, *, seal=False, limit, thresholds, batch_size):
    kind = "seal" if seal else "general"
    module = "seal_text_detection" if seal else "text_detection"
    thresh, unclip_ratio = thresholds
    return f"""
{name}:
  pipeline_name: OCR
  text_type: {kind}
  use_doc_preprocessor: False
  use_textline_orientation: False
  SubModules:
    TextDetection:
      module_name: {module}
      model_name: PP-OCRv4_mobile_det
      model_dir: null
      limit_side_len: {limit}
      thresh: {thresh}
      box_thresh: 0.6
      unclip_ratio: {unclip_ratio}
    TextRecognition:
      module_name: text_recognition
      model_name: PP-OCRv4_mobile_rec
      model_dir: null
      batch_size: {batch_size}
      score_thresh: 0
"""


_TEXT_LIMIT = "960\n      limit_type: max\n      max_side_limit: 4000"
#: PaddleX's seal_recognition.yaml spells the last key in this way.
_SEAL_LIMIT = "736\n      limit_type: min\n      max_side_len: 4000"
_CURVED_LIMIT = _SEAL_LIMIT.replace("len", "limit")

#: A layout model that the test builds, with PaddleX's settings.
_LAYOUT = """
LayoutDetection:
  module_name: layout_detection
  model_name: tiny
  model_dir: {layout}
  threshold: 0.5
  layout_nms: True
  layout_unclip_ratio: 1.0
  layout_merge_bboxes_mode: "large"
"""

SEALS = f"""
pipeline_name: seal_recognition

use_doc_preprocessor: {{document}}
use_layout_detection: {{layout_on}}

SubModules:
{_inside(_LAYOUT, 2)}

SubPipelines:
{_inside(_TURNING, 2)}
{_inside(_ocr("SealOCR", seal=True, limit=_SEAL_LIMIT, thresholds=(0.3, 1.5), batch_size=1), 2)}
"""

TABLES = f"""
pipeline_name: table_recognition

use_doc_preprocessor: True
use_layout_detection: True
use_ocr_model: True

SubModules:
  LayoutDetection:
    module_name: layout_detection
    model_name: picodet_lcnet_x1_0_fgd_layout_cdla
    model_dir: null

  TableStructureRecognition:
    module_name: table_structure_recognition
    model_name: SLANet_plus
    model_dir: null

SubPipelines:
{_inside(_TURNING, 2)}
{_inside(_ocr("GeneralOCR", limit=_TEXT_LIMIT, thresholds=(0.3, 1.5), batch_size=1), 2)}
"""

FORMULAS = f"""
pipeline_name: formula_recognition

use_layout_detection: True
use_doc_preprocessor: False

SubModules:
{_inside(_LAYOUT, 2)}
    batch_size: 1

  FormulaRecognition:
    module_name: formula_recognition
    model_name: LaTeX_OCR_rec
    model_dir: {{formula}}
    batch_size: 5

SubPipelines:
{_inside(_TURNING_AND_UNWARPING, 2)}
"""

LAYOUT_PARSING = f"""
pipeline_name: layout_parsing

use_doc_preprocessor: True
use_seal_recognition: True
use_table_recognition: True
use_formula_recognition: True

SubModules:
  LayoutDetection:
    module_name: layout_detection
    model_name: tiny
    model_dir: {{layout}}

SubPipelines:
{_inside(_TURNING, 2)}
{_inside(_ocr("GeneralOCR", limit=_TEXT_LIMIT, thresholds=(0.3, 1.5), batch_size=6), 2)}

  TableRecognition:
    pipeline_name: table_recognition
    use_layout_detection: False
    use_doc_preprocessor: False
    use_ocr_model: False
    SubModules:
      TableStructureRecognition:
        module_name: table_structure_recognition
        model_name: SLANet_plus
        model_dir: null

  SealRecognition:
    pipeline_name: seal_recognition
    use_layout_detection: False
    use_doc_preprocessor: False
    SubPipelines:
{_inside(_ocr("SealOCR", seal=True, limit=_CURVED_LIMIT, thresholds=(0.2, 0.5), batch_size=1), 6)}

  FormulaRecognition:
    pipeline_name: formula_recognition
    use_layout_detection: False
    use_doc_preprocessor: False
    SubModules:
      FormulaRecognition:
        module_name: formula_recognition
        model_name: LaTeX_OCR_rec
        model_dir: {{formula}}
        batch_size: 5
"""
