"""Types of models, named as ComfyUI names its folders, and told from the folders of ten tools.

Sources: ComfyUI (folder_paths.py) with its common nodes, AUTOMATIC1111 and Forge, SD.Next, SwarmUI, StabilityMatrix
(SharedFolderType.cs). InvokeAI's folders tell no type.
"""

from __future__ import annotations

from collections.abc import Sequence

OTHER = "other"
DIFFUSERS = "diffusers"
_COMFYUI = (
    "checkpoints", "configs", "loras", "vae", "text_encoders", "diffusion_models", "clip_vision", "style_models",
    "embeddings", DIFFUSERS, "vae_approx", "controlnet", "gligen", "upscale_models", "latent_upscale_models",
    "hypernetworks", "photomaker", "classifiers", "model_patches", "audio_encoders", "background_removal",
    "frame_interpolation", "geometry_estimation", "optical_flow", "detection", "ipadapter", "animatediff_models",
    "animatediff_motion_lora", "sams", "ultralytics", "insightface", "facerestore_models", "LLM", "sam3", "pulid",
)  # fmt: skip
_OTHERS = {
    "checkpoints": ("Stable-diffusion", "StableDiffusion", "tensorrt", "SVD"),
    "loras": ("LyCORIS", "Lora"),
    "text_encoders": ("clip", "Text-encoder", "TextEncoders", "clip_gguf"),
    "diffusion_models": ("unet", "unet_gguf"),
    "controlnet": ("t2i_adapter", "T2IAdapter", "ControlNetPreprocessor"),
    "vae_approx": ("VAE-taesd", "ApproxVAE"),
    "upscale_models": ("ESRGAN", "RealESRGAN", "SwinIR", "LDSR", "DAT", "ScuNET", "BSRGAN", "upscaler"),
    "facerestore_models": ("GFPGAN", "Codeformer"),
    "ipadapter": ("IpAdapters15", "IpAdaptersXl"),
    "ultralytics": ("adetailer", "AfterDetailer", "yolo"),
    "classifiers": ("torch_deepdanbooru", "DeepDanbooru", "BLIP"),
    "LLM": ("PromptExpansion",),
}


def _key(name: str) -> str:
    """Return a folder's name without case, hyphens, underscores, spaces and a plural's end."""
    folded = name.casefold().translate({ord(char): None for char in "-_ "})
    return folded[:-1] if folded.endswith("s") and len(folded) > 1 else folded


_TYPES = {_key(name): name for name in _COMFYUI}
_TYPES |= {_key(name): known for known, names in _OTHERS.items() for name in names}


def known_type(name: str) -> str | None:
    """Return the type that a folder's name, or a tool's word for a type, stands for."""
    return _TYPES.get(_key(name))


def type_of(root: str, folders: Sequence[str]) -> str | None:
    """Return the type of a file ``folders`` below a root: by the nearest known folder, else by the root's own name.

    None where neither is known: then the file's header may tell.
    """
    for name in (*reversed(folders), root):
        found = known_type(name)
        if found is not None:
            return found
    return None


def same_type(one: str, other: str) -> bool:
    """Return whether two types differ only in how their tools spell them."""
    return (known_type(one) or _key(one)) == (known_type(other) or _key(other))
