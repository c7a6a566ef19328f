"""``python -m web_image_ocr`` is the command ``web-image-ocr``."""

from web_image_ocr.cli.main import main

if __name__ == "__main__":
    main()
