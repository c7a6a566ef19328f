"""Run the command ``web-image-ocr`` as ``python -m web_image_ocr``."""

from web_image_ocr.cli.main import main

if __name__ == "__main__":
    main()
